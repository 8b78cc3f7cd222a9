"""Bytes of uploads count against the quota from the moment they come, until they are gone."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cellblock_server.common.errors import QuotaError
from cellblock_server.files.uploads import Upload
from tests.support.stored import Clock, Stored, stored
from tests.unit.server.test_uploads import Sent, Stalled

QUOTA = 100


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncIterator[Stored]:
    async with stored(tmp_path, Clock(), quota=QUOTA) as kept:
        yield kept


async def end(task: asyncio.Task[object]) -> None:
    task.cancel()
    await asyncio.wait({task})


@pytest.mark.parametrize("name", ["", "upload_1"])
async def test_bytes_under_way_count_for_other_uploads(kept: Stored, name: str) -> None:
    stalled = Stalled(bytes(60))
    first = asyncio.create_task(kept.uploads.upload("t", Upload("a", upload_id=name), stalled))
    await stalled.stalls.wait()
    for upload in (Upload("b"), Upload("b", bytes=50), Upload("b", upload_id="upload_2")):
        with pytest.raises(QuotaError, match="have 60 bytes; 50 more are past the quota of 100"):
            await kept.uploads.upload("t", upload, Sent(bytes(50)))
    assert await kept.uploads.upload("other", Upload("b"), Sent(bytes(50)))
    await end(first)
    assert await kept.usage.used("t") == (60 if name else 0)


async def test_an_announced_size_counts_before_its_bytes_have_come(kept: Stored) -> None:
    stalled = Stalled(bytes(1))
    first = asyncio.create_task(kept.uploads.upload("t", Upload("a", bytes=60), stalled))
    await stalled.stalls.wait()
    with pytest.raises(QuotaError, match="have 60 bytes; 50 more"):
        await kept.uploads.upload("t", Upload("b", bytes=50), Stalled())
    await end(first)
    await kept.uploads.upload("t", Upload("b", bytes=50), Sent(bytes(50)))


async def test_bytes_under_way_count_for_generated_files_and_records(kept: Stored) -> None:
    stalled = Stalled(bytes(60))
    upload = asyncio.create_task(kept.uploads.upload("t", Upload("a"), stalled))
    await stalled.stalls.wait()
    with pytest.raises(QuotaError, match="have 60 bytes; 50 more"):
        await kept.usage.check("t", 50)
    with pytest.raises(QuotaError, match="have 60 bytes; 50 more"):
        await kept.usage.check_roughly("t", 50)
    assert await kept.usage.totals() == {"t": 60}
    await end(upload)


async def test_uploads_that_just_fit_together_are_all_stored(kept: Stored) -> None:
    uploads = [
        kept.uploads.upload(
            "t", Upload("a", upload_id=f"upload_{number}" if number % 2 else ""), Sent(b"12345")
        )
        for number in range(QUOTA // 5)
    ]
    await asyncio.gather(*uploads)
    assert await kept.usage.used("t") == QUOTA
    with pytest.raises(QuotaError):
        await kept.uploads.upload("t", Upload("a"), Sent(b"1"))


async def test_what_a_killed_server_has_received_counts_for_the_next_one(tmp_path: Path) -> None:
    async with stored(tmp_path, Clock()) as kept:
        upload = Upload("a", upload_id="upload_1")
        with pytest.raises(ConnectionResetError):
            await kept.uploads.upload("t", upload, Sent(bytes(10), breaks=True))
        (partial,) = (kept.folder / "blobs" / "incoming").iterdir()
    # As if more had come before the server was killed.
    partial.write_bytes(bytes(60))
    async with stored(tmp_path, Clock()) as kept:
        assert await kept.usage.used("t") == 60
