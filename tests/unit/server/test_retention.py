"""Retention: expired data is deleted, and data in use is not."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from cellblock_server.common.errors import NotFoundError
from cellblock_server.common.running import running
from cellblock_server.files.uploads import Upload
from cellblock_server.store.executions import ExecutionStore, insert_events, insert_execution
from tests.support.records import execution_record, session_record
from tests.support.stored import SESSION_RETENTION, Clock, Stored, stored
from tests.support.waiting import eventually
from tests.unit.server.test_uploads import Sent

pytestmark = [pytest.mark.each_store, pytest.mark.each_blob_store]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def kept(tmp_path: Path, clock: Clock) -> AsyncIterator[Stored]:
    async with stored(tmp_path, clock) as kept:
        yield kept


async def test_files_expire_and_their_bytes_go_with_the_last_file(
    kept: Stored, clock: Clock
) -> None:
    hour = timedelta(hours=1)
    brief = await kept.uploads.upload("t", Upload("a", expires_after=hour), Sent(b"same"))
    longer = await kept.uploads.upload("t", Upload("b", expires_after=2 * hour), Sent(b"same"))
    for_good = await kept.uploads.upload("t", Upload("c"), Sent(b"other"))
    assert len(kept.left()) == 2
    clock.time += hour
    await kept.retention.expire()
    with pytest.raises(NotFoundError):
        await kept.files.get("t", brief.id)
    assert await kept.files.get("t", longer.id)
    assert len(kept.left()) == 2
    clock.time += hour
    await kept.retention.expire()
    assert await kept.files.get("t", for_good.id)
    assert len(kept.left()) == 1


async def test_deleting_a_file_keeps_bytes_shared_with_another(kept: Stored) -> None:
    first = await kept.uploads.upload("t", Upload("a"), Sent(b"same"))
    second = await kept.uploads.upload("t", Upload("b"), Sent(b"same"))
    await kept.files.delete("t", first.id)
    record = await kept.files.get("t", second.id)
    assert [data async for data in kept.files.read(record, 0, 0)] == [b"same"]
    await kept.files.delete("t", second.id)
    assert kept.left() == []


async def test_ended_sessions_are_deleted_with_their_executions(kept: Stored, clock: Clock) -> None:
    alive = session_record()
    for record in (alive, replace(alive, id="sess_2", end_time=clock.time)):
        await kept.sessions.insert(record)
    execution = replace(execution_record("call_1", 1), session_id="sess_2")
    await kept.database.write(lambda connection: insert_execution(connection, execution))
    await kept.database.write(lambda connection: insert_events(connection, execution, [(1, b"")]))
    executions = ExecutionStore(kept.database)
    clock.time += SESSION_RETENTION
    await kept.retention.expire()
    assert await executions.find_execution("t", "call_1")
    clock.time += timedelta(seconds=1)
    await kept.retention.expire()
    assert await kept.sessions.find_session("t", "sess_1")
    assert await kept.sessions.find_session("t", "sess_2") is None
    assert await executions.find_execution("t", "call_1") is None
    assert await executions.events(execution, 1, 10, 2**20) == []


async def test_bytes_without_a_file_are_deleted(kept: Stored) -> None:
    async def abandoned() -> AsyncIterator[bytes]:
        yield b"stored, and its caller left"

    with kept.blobs.hold_blobs() as hold:
        await hold.write(abandoned(), max_bytes=100, field="data")
    file = await kept.uploads.upload("t", Upload("a"), Sent(b"needed"))
    await kept.retention.sweep()
    record = await kept.files.get("t", file.id)
    assert [data async for data in kept.files.read(record, 0, 0)] == [b"needed"]
    assert len(kept.left()) == 1


async def test_retention_runs_in_the_background(kept: Stored, clock: Clock) -> None:
    upload = Upload("a", expires_after=timedelta(hours=1))
    await kept.uploads.upload("t", upload, Sent(b"x"))
    clock.time += timedelta(hours=1)
    async with running(kept.retention.run()):
        await eventually(lambda: kept.left() == [])
