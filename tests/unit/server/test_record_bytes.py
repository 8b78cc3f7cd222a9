"""The size of an execution that is stored counts all of its events, the last one included."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cellblock.v1 import execution_pb2 as pb
from cellblock_server.common.clock import utc_now
from cellblock_server.journal.journal import Journal
from cellblock_server.store.database import Database
from cellblock_server.store.executions import ExecutionStore
from cellblock_server.store.records import CodeError, ExecutionStatus
from cellblock_server.store.sessions import SessionStore
from tests.support.databases import store_url
from tests.support.records import PLACE, execution_record, session_record


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(store_url(tmp_path / "store.db"))
    await database.start()
    await SessionStore(database).insert(session_record())
    yield database
    await database.close()


async def test_last_event_counts(database: Database) -> None:
    store = ExecutionStore(database)
    journal = Journal(database, store, utc_now, utc_now, [])
    async with journal.transaction() as change:
        execution = change.executions.accept(execution_record("call_1", 1), PLACE)
        change.executions.queue(execution, 0)
    before = execution.record.record_bytes
    async with journal.transaction() as change:
        change.executions.start(execution, pb.Started())
        change.executions.raise_error(execution, CodeError("E", "x" * 10_000, "trace"))
        change.executions.finish(execution, ExecutionStatus.COMPLETED)
    rows = await store.events(execution.record, 2, 100, 10**6)
    added = sum(len(payload) for _sequence, payload in rows)
    assert added > 20_000
    assert execution.record.record_bytes == before + added
    stored = await store.find_execution(execution.record.tenant, "call_1")
    assert stored is not None
    assert stored.record_bytes == execution.record.record_bytes
