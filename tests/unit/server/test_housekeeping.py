"""Who looks at when sessions expire: seldom at all of them, and at once where it matters."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from cellblock_server.common.errors import UnavailableError
from cellblock_server.common.supervisor import Supervisor
from cellblock_server.journal.tracked import Tracked
from cellblock_server.sessions.keeper import REMOVALS, KeeperTimings, SessionKeeper
from cellblock_server.sessions.live import End
from cellblock_server.store.records import EndReason, SessionRecord
from tests.support.records import START, session_record
from tests.support.waiting import eventually

LOOKS = 20
"""Turns of the event loop: more than a look takes."""


class Clock:
    """Stands still, and counts who looks at it."""

    def __init__(self) -> None:
        self.looks = 0

    def __call__(self) -> datetime:
        self.looks += 1
        return START


class Live:
    """A live session that never runs anything."""

    def __init__(self, number: int) -> None:
        self.session = Tracked(replace(session_record(), id=f"sess_{number}"))
        self.runner = SimpleNamespace(busy=False)
        self.wishes: list[End] = []

    @property
    def record(self) -> SessionRecord:
        return self.session.record

    async def until_end(self, _backend: object) -> object:
        return await asyncio.get_running_loop().create_future()

    def request_end(self, end: End) -> None:
        self.wishes.append(end)

    agent = SimpleNamespace(close=lambda: asyncio.sleep(0))
    way_out = None
    ended = SimpleNamespace(set=lambda: None)


@asynccontextmanager
async def keeping(
    clock: Clock, *sessions: Live, destroy: Callable[[str], Awaitable[None]] | None = None
) -> AsyncIterator[SessionKeeper]:
    async def nothing(*_arguments: object) -> list[Any]:
        return []

    backend = SimpleNamespace(
        list=nothing,
        reap=nothing,
        capabilities=SimpleNamespace(outlives_server=True),
        destroy=destroy,
    )
    store = SimpleNamespace(alive=nothing)
    keeper = SessionKeeper(
        SimpleNamespace(backend=backend),  # type: ignore[arg-type]
        store,  # type: ignore[arg-type]
        timedelta(hours=24),
        clock,  # type: ignore[arg-type]
        nothing,  # type: ignore[arg-type]
        Supervisor(),
        end_on_shutdown=False,
    )
    async with keeper:
        for live in sessions:
            keeper.run_session(live)  # type: ignore[arg-type]
        await quiet(clock)
        yield keeper


async def quiet(clock: Clock) -> None:
    """Wait until housekeeping waits."""
    before = -1
    while before != clock.looks:
        before = clock.looks
        for _turn in range(LOOKS):
            await asyncio.sleep(0)


async def test_a_session_that_is_used_has_nobody_look_at_the_others() -> None:
    clock, live = Clock(), Live(1)
    async with keeping(clock, live, Live(2)) as keeper:
        before = clock.looks
        later = live.record.last_alive_time + timedelta(minutes=1)
        live.session.publish(replace(live.record, last_alive_time=later))
        keeper.reconsider(live.record)
        await quiet(clock)
        assert clock.looks == before


async def test_one_whose_time_out_has_become_shorter_ends_at_once() -> None:
    clock, live = Clock(), Live(1)
    async with keeping(clock, live, Live(2)) as keeper:
        live.session.publish(replace(live.record, idle_timeout=timedelta(0)))
        keeper.reconsider(live.record)
        await eventually(lambda: bool(live.wishes), KeeperTimings().housekeeping / 2)
        assert live.wishes[0].reason is EndReason.IDLE_TIMEOUT


async def test_what_can_not_be_removed_does_not_hold_up_those_that_expire() -> None:
    tried: list[str] = []

    async def destroy(sandbox_id: str) -> None:
        tried.append(sandbox_id)
        raise UnavailableError("ENGINE_UNREACHABLE", "away")

    clock = Clock()
    async with keeping(clock, destroy=destroy) as keeper:
        left = {f"sbx_{number}" for number in range(3 * REMOVALS)}
        keeper._left_behind |= left
        keeper._has_more_left_behind.set()
        await quiet(clock)
        assert len(tried) == REMOVALS
        assert keeper._left_behind == left


async def test_all_that_can_be_removed_is_removed_at_once() -> None:
    removed: list[str] = []

    async def destroy(sandbox_id: str) -> None:
        removed.append(sandbox_id)

    clock = Clock()
    async with keeping(clock, destroy=destroy) as keeper:
        keeper._left_behind |= {f"sbx_{number}" for number in range(3 * REMOVALS)}
        keeper._has_more_left_behind.set()
        await quiet(clock)
        assert len(removed) == 3 * REMOVALS
        assert keeper._left_behind == set()
