"""Takeover by a starting server of the executions and sessions of an earlier one."""

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

pytestmark = pytest.mark.each_store

ABSENT: Any = None


class Sandboxes:
    """A backend without sandboxes that records removals."""

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


class StoredKeeper:
    """A session keeper with a real store."""

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
            measure_nothing,
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


class RecordingAgent:
    """An agent that records its requests and sends no events."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str]] = []

    def converse(self) -> "RecordingAgent":
        return self

    async def start_execution(self, execution_id: str, *_rest: object) -> None:
        self.requests.append(("start", execution_id))

    async def interrupt_execution(self, execution_id: str, _grace: timedelta) -> None:
        self.requests.append(("interrupt", execution_id))

    async def acknowledge(self, _sequence: int) -> None:
        """Do nothing: no event was sent."""

    async def until_violation(self) -> None:
        await asyncio.Event().wait()

    async def __aiter__(self) -> AsyncIterator[list[Any]]:
        await asyncio.Event().wait()
        yield []

    def cancel(self) -> None:
        """Do nothing: there is no connection."""


async def measure_nothing(_session: TrackedSession) -> None:
    """Measure no CPU time."""


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncIterator[StoredKeeper]:
    database = Database(store_url(tmp_path / "store.db"))
    await database.start()
    try:
        yield StoredKeeper(database)
    finally:
        await database.close()


async def test_session_that_was_being_created_is_deleted(kept: StoredKeeper) -> None:
    await kept.store(replace(session_record(), state=SessionState.CREATING))
    async with kept.keeper:
        assert await kept.session() is None
    assert kept.sandboxes.destroyed == ["sbx_1"]


async def test_session_created_in_the_future_is_ended_too(kept: StoredKeeper) -> None:
    later = real_steady_clock()() + timedelta(days=1)
    await kept.store(replace(session_record(), create_time=later), ExecutionStatus.RUNNING)
    async with kept.keeper:
        session = await kept.session()
    assert session is not None
    assert (session.state, session.end_reason) == (SessionState.FAILED, EndReason.SANDBOX_LOST)


async def test_session_whose_sandbox_is_lost_later_is_ended_with_its_reason(
    kept: StoredKeeper,
) -> None:
    async with kept.keeper:
        with kept.keeper.mark_creating(session_record()):
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


async def test_session_that_is_being_created_is_not_ended(kept: StoredKeeper) -> None:
    record = replace(session_record(), state=SessionState.CREATING)
    async with kept.keeper:
        with kept.keeper.mark_creating(record):
            await kept.store(record)
            seen = kept.sandboxes.reaped
            await eventually(lambda: kept.sandboxes.reaped >= seen + 3)
            assert await kept.session() == record
        await eventually(lambda: kept.sandboxes.destroyed == ["sbx_1"])


@pytest.mark.parametrize("status", [ExecutionStatus.QUEUED, ExecutionStatus.RUNNING])
async def test_execution_that_the_agent_may_have_is_interrupted(
    kept: StoredKeeper, status: ExecutionStatus
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


async def test_cancellation_survives_a_restart_of_the_server(kept: StoredKeeper) -> None:
    await kept.store(session_record(), ExecutionStatus.QUEUED)
    killed = kept.runner(session_record())
    killed.adopt(await kept.executions.unfinished(session_record()))
    await killed.cancel("call_1")
    agent = RecordingAgent()
    runner = kept.runner(session_record(), agent)
    runner.adopt(await kept.executions.unfinished(session_record()))
    async with running(runner.run()):
        await eventually(lambda: agent.requests == [("start", "call_1"), ("interrupt", "call_1")])


async def test_session_and_its_executions_end_in_one_commit(
    kept: StoredKeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = session_record()
    await kept.store(record, ExecutionStatus.RUNNING)
    runner = kept.runner(record)
    runner.adopt(await kept.executions.unfinished(record))
    failure = Failure(FailureCause.SESSION_ENDED, "deleted")
    states: list[tuple[SessionState, ExecutionStatus]] = []
    write = kept.database.write

    async def write_and_record_states(*what: Any) -> Any:
        made = await write(*what)
        session, execution = (
            await kept.session(),
            await kept.executions.find_execution("t", "call_1"),
        )
        assert session is not None
        assert execution is not None
        states.append((session.state, execution.status))
        return made

    monkeypatch.setattr(kept.database, "write", write_and_record_states)

    def ending(change: UnitOfWork) -> None:
        change.sessions.set_state(runner._session, SessionState.DELETED)

    await runner.end((ExecutionStatus.CANCELLED, failure), "deleted", ending)
    # A server killed between two commits would leave the state after the first one.
    assert states == [(SessionState.DELETED, ExecutionStatus.CANCELLED)]
