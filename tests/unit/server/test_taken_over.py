"""What a server does with executions and sessions that an earlier one accepted."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cellblock_server.common.clock import utc_now
from cellblock_server.common.running import running
from cellblock_server.common.supervisor import Supervisor
from cellblock_server.executions.runner import RunnerBounds, SessionRunner
from cellblock_server.journal.journal import Journal
from cellblock_server.journal.run_step_place import WantedPlace
from cellblock_server.journal.tracked import Tracked, TrackedSession
from cellblock_server.journal.unit_of_work import UnitOfWork
from cellblock_server.sessions.keeper import KeeperTimings, SessionKeeper
from cellblock_server.store.database import Database
from cellblock_server.store.executions import ExecutionStore
from cellblock_server.store.records import (
    EndReason,
    ExecutionStatus,
    Failure,
    FailureCause,
    SessionRecord,
    SessionState,
)
from cellblock_server.store.sessions import SessionStore
from tests.support.clocks import real_steady_clock
from tests.support.databases import store_url
from tests.support.records import execution_record, session_record
from tests.support.waiting import eventually

ABSENT: Any = None


class Sandboxes:
    """A backend where nothing runs, and that can be told to fail."""

    capabilities = SimpleNamespace(outlives_server=True)

    def __init__(self) -> None:
        self.destroyed: list[str] = []
        self.reaped = 0

    async def list(self) -> list[Any]:
        return []

    async def reap(self) -> None:
        self.reaped += 1

    async def destroy(self, sandbox_id: str) -> None:
        self.destroyed.append(sandbox_id)


class Kept:
    """A keeper with a real store."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.sessions = SessionStore(database)
        self.executions = ExecutionStore(database)
        steady = real_steady_clock()
        self.journal = Journal(database, self.executions, utc_now, steady)
        self.sandboxes = Sandboxes()
        starter: Any = SimpleNamespace(
            backend=self.sandboxes, journal=self.journal, executions=self.executions, now=steady
        )
        self.keeper = SessionKeeper(
            starter,
            self.sessions,
            timedelta(hours=24),
            steady,
            nothing,
            Supervisor(),
            end_on_shutdown=False,
            timings=KeeperTimings(housekeeping=0.01, reconcile=0),
        )

    async def store(self, record: SessionRecord, *statuses: ExecutionStatus) -> None:
        await self.sessions.insert(record)
        for number, status in enumerate(statuses, 1):
            execution = replace(execution_record(f"call_{number}", number), status=status)
            async with self.journal.transaction() as change:
                change.executions.accept(execution, WantedPlace().in_session(record))

    async def session(self) -> SessionRecord | None:
        return await self.sessions.find_session("t", "sess_1")

    def runner(self, record: SessionRecord, agent: Any = ABSENT) -> SessionRunner:
        bounds = RunnerBounds(max_queue=9, grace=timedelta(0), output=ABSENT)
        return SessionRunner(Tracked(record), agent, self.journal, ABSENT, bounds)


class Orders:
    """An agent that takes orders, and says nothing."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str]] = []

    def converse(self) -> "Orders":
        return self

    async def start_execution(self, execution_id: str, *_rest: object) -> None:
        self.taken.append(("start", execution_id))

    async def interrupt_execution(self, execution_id: str, _grace: timedelta) -> None:
        self.taken.append(("interrupt", execution_id))

    async def acknowledge(self, _sequence: int) -> None:
        """Nothing was said."""

    async def until_violation(self) -> None:
        await asyncio.Event().wait()

    async def __aiter__(self) -> AsyncIterator[list[Any]]:
        await asyncio.Event().wait()
        yield []

    def cancel(self) -> None:
        """There is no connection."""


async def nothing(_session: TrackedSession) -> None:
    """Its CPU time does not matter."""


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncIterator[Kept]:
    database = Database(store_url(tmp_path / "store.db"))
    await database.start()
    try:
        yield Kept(database)
    finally:
        await database.close()


async def test_a_session_that_was_being_made_is_forgotten(kept: Kept) -> None:
    await kept.store(replace(session_record(), state=SessionState.CREATING))
    async with kept.keeper:
        assert await kept.session() is None
    assert kept.sandboxes.destroyed == ["sbx_1"]


async def test_a_session_from_the_future_is_no_exception(kept: Kept) -> None:
    later = real_steady_clock()() + timedelta(days=1)
    await kept.store(replace(session_record(), create_time=later), ExecutionStatus.RUNNING)
    async with kept.keeper:
        session = await kept.session()
    assert session is not None
    assert (session.state, session.end_reason) == (SessionState.FAILED, EndReason.SANDBOX_LOST)


async def test_what_is_lost_later_is_found_and_ended_with_its_reason(kept: Kept) -> None:
    async with kept.keeper:
        with kept.keeper.making(session_record()):
            await kept.store(session_record(), ExecutionStatus.RUNNING, ExecutionStatus.QUEUED)
        await eventually(lambda: kept.sandboxes.destroyed == ["sbx_1"])
        session = await kept.session()
        assert session is not None
        assert (session.state, session.end_message) == (SessionState.FAILED, "its sandbox is gone")
        ends = [await kept.executions.find_execution("t", name) for name in ("call_1", "call_2")]
        assert [end and end.status for end in ends] == [
            ExecutionStatus.FAILED,
            ExecutionStatus.EXPIRED,
        ]
        before = kept.sandboxes.reaped
        await eventually(lambda: kept.sandboxes.reaped > before)


async def test_one_that_is_being_made_is_not_lost(kept: Kept) -> None:
    record = replace(session_record(), state=SessionState.CREATING)
    async with kept.keeper:
        with kept.keeper.making(record):
            await kept.store(record)
            seen = kept.sandboxes.reaped
            await eventually(lambda: kept.sandboxes.reaped >= seen + 3)
            assert await kept.session() == record
        await eventually(lambda: kept.sandboxes.destroyed == ["sbx_1"])


@pytest.mark.parametrize("status", [ExecutionStatus.QUEUED, ExecutionStatus.RUNNING])
async def test_one_that_the_agent_may_have_is_interrupted_not_dropped(
    kept: Kept, status: ExecutionStatus
) -> None:
    await kept.store(session_record(), status, ExecutionStatus.QUEUED)
    runner = kept.runner(session_record())
    runner.adopt(await kept.executions.unfinished(session_record()))
    await runner.cancel("call_1")
    await runner.cancel("call_2")
    given, waiting = [
        await kept.executions.find_execution("t", name) for name in ("call_1", "call_2")
    ]
    assert given is not None
    assert waiting is not None
    assert (given.status, waiting.status) == (status, ExecutionStatus.CANCELLED)


async def test_a_cancellation_outlives_its_server(kept: Kept) -> None:
    await kept.store(session_record(), ExecutionStatus.QUEUED)
    killed = kept.runner(session_record())
    killed.adopt(await kept.executions.unfinished(session_record()))
    await killed.cancel("call_1")
    agent = Orders()
    runner = kept.runner(session_record(), agent)
    runner.adopt(await kept.executions.unfinished(session_record()))
    async with running(runner.run()):
        await eventually(lambda: agent.taken == [("start", "call_1"), ("interrupt", "call_1")])


async def test_a_session_ends_together_with_its_executions(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = session_record()
    await kept.store(record, ExecutionStatus.RUNNING)
    runner = kept.runner(record)
    runner.adopt(await kept.executions.unfinished(record))
    failure = Failure(FailureCause.SESSION_ENDED, "deleted")
    states: list[tuple[SessionState, ExecutionStatus]] = []
    write = kept.database.write

    async def look_after_each(*what: Any) -> Any:
        made = await write(*what)
        session, execution = (
            await kept.session(),
            await kept.executions.find_execution("t", "call_1"),
        )
        assert session is not None
        assert execution is not None
        states.append((session.state, execution.status))
        return made

    monkeypatch.setattr(kept.database, "write", look_after_each)

    def ending(change: UnitOfWork) -> None:
        change.sessions.set_state(runner._session, SessionState.DELETED)

    await runner.end((ExecutionStatus.CANCELLED, failure), "deleted", ending)
    # A server that is killed between two commits leaves what is after the first.
    assert states == [(SessionState.DELETED, ExecutionStatus.CANCELLED)]
