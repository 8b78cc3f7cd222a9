"""The pool is filled one after the other, each as soon as the last one waits, and emptied whole."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

import pytest

from cellblock_server.config import Settings
from cellblock_server.sandbox.backend import Backend, SandboxSpec
from cellblock_server.sessions import pool as pools
from cellblock_server.sessions.limits import sandbox_spec
from cellblock_server.sessions.pool import Pool, PoolBounds, Stock
from cellblock_server.sessions.ready import ReadySandbox
from cellblock_server.sessions.request import NewSession
from tests.support.waiting import eventually

SIZE = 4


@dataclass
class Closing:
    async def close(self) -> None: ...


class NothingToEnd:
    async def destroy(self, sandbox_id: str) -> None: ...


def waiting(spec: SandboxSpec) -> ReadySandbox:
    return ReadySandbox(spec, "", cast(Any, None), cast(Any, Closing()))


async def test_the_next_start_does_not_wait_for_a_check(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []

    async def start(
        backend: Backend, spec: SandboxSpec, token: str, timeout: timedelta
    ) -> ReadySandbox:
        await asyncio.sleep(0)
        started.append(spec.id)
        return waiting(spec)

    monkeypatch.setattr(ReadySandbox, "start", start)
    # So long that a start which waited for it would not come.
    monkeypatch.setattr(pools, "CHECK_SECONDS", 3600.0)
    example = sandbox_spec(NewSession(), Settings(), sandbox_id="")
    bounds = PoolBounds(SIZE, 1, timedelta(hours=1), timedelta(seconds=60))
    pool = Pool(cast(Backend, NothingToEnd()), [Stock(example, SIZE)], bounds)
    may_begin = asyncio.Event()
    may_begin.set()
    async with pool.kept(may_begin):
        await eventually(lambda: len(started) == SIZE, 5)


async def test_what_could_not_be_removed_is_removed_later(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class Stumbling:
        async def destroy(self, sandbox_id: str) -> None:
            asked.append(sandbox_id)
            if len(asked) == 1:
                raise RuntimeError("whatever it is")

    monkeypatch.setattr(pools, "CHECK_SECONDS", 0.01)
    example = sandbox_spec(NewSession(), Settings(), sandbox_id="sbx_1")
    bounds = PoolBounds(0, 1, timedelta(hours=1), timedelta(seconds=60))
    pool = Pool(cast(Backend, Stumbling()), [Stock(example, 0)], bounds)
    async with pool.kept(asyncio.Event()):
        pool._discard(waiting(example))
        await eventually(lambda: len(asked) == 2, 5)
    assert asked == ["sbx_1"] * 2
