"""A caller may be cancelled at any moment: what is stored and what is remembered agree."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError
from structlog.testing import capture_logs

from cellblock.v1 import execution_pb2 as pb
from cellblock_server.common.clock import utc_now
from cellblock_server.journal.journal import Journal
from cellblock_server.journal.observers import log_ends
from cellblock_server.store.database import Database
from cellblock_server.store.executions import ExecutionStore
from cellblock_server.store.records import ExecutionRecord, ExecutionStatus
from cellblock_server.store.sessions import SessionStore
from tests.support.databases import store_url
from tests.support.records import PLACE, execution_record, session_record

pytestmark = pytest.mark.each_store

MOMENTS = 60
STEP_SECONDS = 0.0002
"""Moments are so far apart: the last ones come when an ordinary transaction is done."""


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(store_url(tmp_path / "store.db"))
    await database.start()
    await SessionStore(database).insert(session_record())
    yield database
    await database.close()


async def test_a_transaction_is_whole_or_nothing_for_memory_too(database: Database) -> None:
    store = ExecutionStore(database)
    journal = Journal(database, store, utc_now, utc_now)
    async with journal.transaction() as change:
        execution = change.executions.accept(execution_record("call_1", 1), PLACE)

    async def say(words: str) -> None:
        async with journal.transaction() as change:
            change.executions.append(execution, pb.ExecutionEvent(stdout=pb.Text(text=words)))

    cancelled = 0
    for moment in range(MOMENTS):
        saying = asyncio.create_task(say(str(moment)))
        await asyncio.wait({saying}, timeout=moment * STEP_SECONDS)
        saying.cancel()
        await asyncio.wait({saying})
        cancelled += saying.cancelled()
        assert await last_stored(store, execution.record) == execution.record.last_sequence
    assert 0 < cancelled < MOMENTS


async def test_an_end_is_logged_once_it_is_stored(database: Database) -> None:
    journal = Journal(database, ExecutionStore(database), utc_now, utc_now, [log_ends])
    async with journal.transaction() as change:
        execution = change.executions.accept(execution_record("call_1", 1), PLACE)

    async def finish(*others: ExecutionRecord) -> None:
        async with journal.transaction() as change:
            change.executions.finish(execution, ExecutionStatus.CANCELLED)
            for other in others:
                change.executions.accept(other, PLACE)

    with capture_logs() as logs:
        with pytest.raises(IntegrityError):
            await finish(execution_record("call_2", ordinal=1))
        assert logs == []
        await finish()
    ended = [(log["event"], log["execution_id"], log["status"]) for log in logs]
    assert ended == [("execution_ended", "call_1", "CANCELLED")]


async def last_stored(store: ExecutionStore, record: ExecutionRecord) -> int:
    stored = await store.events(record, 1, MOMENTS, 2**20)
    assert [sequence for sequence, _payload in stored] == list(range(1, len(stored) + 1))
    found = await store.find_execution(record.tenant, record.id)
    assert found is not None
    assert found.last_sequence == len(stored)
    return len(stored)
