"""Expiry of sessions: all are checked rarely, and one immediately when it changes."""

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

LOOP_TURNS = 20
"""Turns of the event loop in which housekeeping completes."""


class Clock:
    """A clock that stands still and counts its readings."""

    def __init__(self) -> None:
        self.readings = 0

    def __call__(self) -> datetime:
        self.readings += 1
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
async def running_keeper(
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
        await wait_until_idle(clock)
        yield keeper


async def wait_until_idle(clock: Clock) -> None:
    """Wait until housekeeping is idle."""
    before = -1
    while before != clock.readings:
        before = clock.readings
        for _turn in range(LOOP_TURNS):
            await asyncio.sleep(0)


async def test_use_of_a_session_does_not_check_the_others() -> None:
    clock, live = Clock(), Live(1)
    async with running_keeper(clock, live, Live(2)) as keeper:
        before = clock.readings
        later = live.record.last_alive_time + timedelta(minutes=1)
        live.session.publish(replace(live.record, last_alive_time=later))
        keeper.reconsider(live.record)
        await wait_until_idle(clock)
        assert clock.readings == before


async def test_shortened_timeout_ends_the_session_immediately() -> None:
    clock, live = Clock(), Live(1)
    async with running_keeper(clock, live, Live(2)) as keeper:
        live.session.publish(replace(live.record, idle_timeout=timedelta(0)))
        keeper.reconsider(live.record)
        await eventually(lambda: bool(live.wishes), KeeperTimings().housekeeping / 2)
        assert live.wishes[0].reason is EndReason.IDLE_TIMEOUT


async def test_failing_removals_are_bounded_in_each_round() -> None:
    tried: list[str] = []

    async def destroy(sandbox_id: str) -> None:
        tried.append(sandbox_id)
        raise UnavailableError("ENGINE_UNREACHABLE", "away")

    clock = Clock()
    async with running_keeper(clock, destroy=destroy) as keeper:
        left = {f"sbx_{number}" for number in range(3 * REMOVALS)}
        keeper._left_behind |= left
        keeper._has_more_left_behind.set()
        await wait_until_idle(clock)
        assert len(tried) == REMOVALS
        assert keeper._left_behind == left


async def test_all_removable_sandboxes_are_removed_in_one_round() -> None:
    removed: list[str] = []

    async def destroy(sandbox_id: str) -> None:
        removed.append(sandbox_id)

    clock = Clock()
    async with running_keeper(clock, destroy=destroy) as keeper:
        keeper._left_behind |= {f"sbx_{number}" for number in range(3 * REMOVALS)}
        keeper._has_more_left_behind.set()
        await wait_until_idle(clock)
        assert len(removed) == 3 * REMOVALS
        assert keeper._left_behind == set()
