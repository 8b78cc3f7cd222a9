"""Starts of the pool are deferred while a caller waits for one, up to a limit."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

import pytest

from cellblock_server.agent.timings import AgentTimings
from cellblock_server.backends.backend import Backend
from cellblock_server.backends.sandbox import SandboxSpec
from cellblock_server.common.supervisor import Supervisor
from cellblock_server.config import Settings
from cellblock_server.sessions.limits import sandbox_spec
from cellblock_server.sessions.pool import Pool, PoolBounds, PoolTarget
from cellblock_server.sessions.ready import ReadySandbox
from cellblock_server.sessions.request import NewSession
from cellblock_server.sessions.start_queue import StartBounds, StartQueue
from tests.support.waiting import eventually

SIZE = 2
HOUR = timedelta(hours=1)


class Quiet:
    """A backend and agent that do nothing."""

    async def destroy(self, sandbox_id: str) -> None: ...

    async def close(self) -> None: ...


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list to which each start appends the sandbox's id."""
    ids: list[str] = []

    async def start(
        backend: Backend,
        spec: SandboxSpec,
        token: str,
        timeout: timedelta,
        timings: AgentTimings,
    ) -> ReadySandbox:
        ids.append(spec.id)
        return ReadySandbox(spec, "", cast(Any, None), cast(Any, Quiet()))

    monkeypatch.setattr(ReadySandbox, "start", start)
    return ids


def pool_of(
    is_awaited: Callable[[], bool], longest_deferral: timedelta, max_age: timedelta = HOUR
) -> Pool:
    example = sandbox_spec(NewSession(), Settings(), sandbox_id="")
    bounds = PoolBounds(SIZE, 1, max_age, HOUR, longest_deferral)
    targets = [PoolTarget(example, SIZE)]
    return Pool(cast(Backend, Quiet()), targets, bounds, Supervisor(), is_awaited=is_awaited)


def queue_of(turns: int) -> StartQueue:
    return StartQueue(StartBounds(turns, max_waiting=1, patience=HOUR))


def set_event() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


async def test_pool_fills_when_no_caller_waits(started: list[str]) -> None:
    queue = queue_of(1)
    pool = pool_of(lambda: queue.is_busy, HOUR)
    queue.on_end = pool.reconsider
    turn = queue.turn()
    await turn.__aenter__()
    async with pool.kept_filled(set_event()):
        await eventually(lambda: pool._deferred_since is not None)
        assert started == []
        await turn.__aexit__(None, None, None)
        await eventually(lambda: len(started) == SIZE)


async def test_deferred_start_happens_after_the_longest_deferral(started: list[str]) -> None:
    pool = pool_of(lambda: True, timedelta(seconds=0.05))
    async with pool.kept_filled(set_event()):
        await eventually(lambda: len(started) == SIZE)


async def test_queue_is_busy_while_a_caller_waits_or_starts() -> None:
    queue = queue_of(1)
    assert not queue.is_busy
    async with queue.turn():
        waiting = asyncio.create_task(queue.turn().__aenter__())
        await asyncio.sleep(0)
        assert queue.is_busy
    await waiting
    assert queue.is_busy


async def test_old_sandboxes_stay_while_their_replacement_is_deferred(started: list[str]) -> None:
    is_awaited = False
    pool = pool_of(lambda: is_awaited, HOUR, max_age=timedelta(milliseconds=1))
    async with pool.kept_filled(set_event()):
        await eventually(lambda: pool.status().waiting == SIZE)
        is_awaited = True
        begun = len(started)
        for _ in range(20):
            pool.reconsider()
            await asyncio.sleep(0)
        assert (pool.status().waiting, len(started)) == (SIZE, begun)
