"""A unit of work changes the records in memory after its commit, or not at all."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from cellblock_server.common.clock import utc_now
from cellblock_server.journal.journal import Journal
from cellblock_server.journal.observers import Stored
from cellblock_server.journal.tracked import Tracked
from cellblock_server.journal.unit_of_work import UnitOfWork
from cellblock_server.store.database import Database
from cellblock_server.store.executions import ExecutionStore
from cellblock_server.store.records import ExecutionStatus, SessionState
from cellblock_server.store.sessions import SessionStore
from tests.support.databases import store_url
from tests.support.records import PLACE, START, execution_record, session_record

pytestmark = pytest.mark.each_store


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(store_url(tmp_path / "store.db"))
    await database.start()
    await SessionStore(database).insert(session_record())
    yield database
    await database.close()


async def test_failed_commits_leave_memory_unchanged(database: Database) -> None:
    observed: list[Stored] = []
    executions, sessions = ExecutionStore(database), SessionStore(database)
    journal = Journal(database, executions, utc_now, utc_now, [observed.append])
    session = Tracked(session_record())
    async with journal.transaction() as change:
        execution = change.executions.accept(execution_record("call_1", 1), PLACE)
    followed: list[str] = []

    def change_all(change: UnitOfWork) -> None:
        change.sessions.accept_execution(session)
        change.sessions.set_state(session, SessionState.BUSY)
        change.usage.count_cpu(session, 2.5, START)
        change.usage.bill(session, change.steady)
        change.executions.queue(execution, 3)
        change.executions.finish(execution, ExecutionStatus.CANCELLED)
        change.follow_up = lambda: followed.append("followed")

    async def fail() -> None:
        async with journal.transaction() as change:
            change_all(change)
            change.executions.accept(replace(execution_before, code="another"), PLACE)

    session_before, execution_before = session.record, execution.record
    with pytest.raises(IntegrityError):
        await fail()
    assert session.record is session_before
    assert execution.record is execution_before
    assert followed == []
    assert await sessions.find_session("t", "sess_1") == session_before
    assert await executions.find_execution("t", "call_1") == execution_before
    assert await executions.events(execution_before, 1, 10, 2**20) == []

    async with journal.transaction() as change:
        change_all(change)
        assert session.record is session_before
        assert execution.record is execution_before
    assert followed == ["followed"]
    assert (session.record.state, session.record.execution_count) == (SessionState.BUSY, 1)
    assert (execution.record.status, execution.record.last_sequence) == (
        ExecutionStatus.CANCELLED,
        2,
    )
    assert await sessions.find_session("t", "sess_1") == session.record
    assert await executions.find_execution("t", "call_1") == execution.record
    assert [stored.ended for stored in observed] == [[], [execution.record]]


async def test_a_block_that_raises_stores_nothing(database: Database) -> None:
    journal = Journal(database, ExecutionStore(database), utc_now, utc_now)
    session = Tracked(session_record())
    before = session.record

    async def fail() -> None:
        async with journal.transaction() as change:
            change.sessions.use(session)
            raise KeyError("a bug")

    with pytest.raises(KeyError):
        await fail()
    assert session.record is before
    assert await SessionStore(database).find_session("t", "sess_1") == before
