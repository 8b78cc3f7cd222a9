"""The pool is filled one after the other, each as soon as the last one waits."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

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


async def test_the_next_start_does_not_wait_for_a_check(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []

    async def start(
        backend: Backend, spec: SandboxSpec, token: str, timeout: timedelta
    ) -> ReadySandbox:
        await asyncio.sleep(0)
        started.append(spec.id)
        return cast(ReadySandbox, _Waiting(spec, Closing()))

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


@dataclass
class _Waiting:
    spec: SandboxSpec
    agent: Closing
