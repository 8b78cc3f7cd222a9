"""Partial files without an owner are deleted while the server runs; all others stay."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cellblock_server.common.errors import NotFoundError
from cellblock_server.files.uploads import Upload
from tests.support.stored import KEPT_FOR, Clock, Stored, stored
from tests.unit.server.test_uploads import Sent, Stalled


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def kept(tmp_path: Path, clock: Clock) -> AsyncIterator[Stored]:
    async with stored(tmp_path, clock, max_kept=3) as kept:
        yield kept


def partials(kept: Stored) -> list[Path]:
    return sorted((kept.folder / "blobs" / "incoming").iterdir())


async def break_off(kept: Stored, number: int) -> None:
    upload = Upload("a", upload_id=f"upload_{number}")
    with pytest.raises(ConnectionResetError):
        await kept.uploads.upload("t", upload, Sent(b"x", breaks=True))


async def test_what_has_no_owner_goes(kept: Stored) -> None:
    incoming = kept.folder / "blobs" / "incoming"
    for name in ("tmpabc", "0" * 64, "removed-tmpdef"):
        (incoming / name).write_bytes(b"x")
    await kept.retention.expire()
    assert partials(kept) == []


async def test_what_is_under_way_or_kept_stays(kept: Stored) -> None:
    await break_off(kept, 1)
    stalled = [Stalled(b"x"), Stalled(b"x")]
    uploads = [
        asyncio.create_task(kept.uploads.upload("t", upload, bytes_))
        for upload, bytes_ in zip(
            (Upload("b"), Upload("b", upload_id="upload_2")), stalled, strict=True
        )
    ]
    for one in stalled:
        await one.stalls.wait()
    async with kept.blobs.temporary():
        before = partials(kept)
        assert len(before) == 4
        await kept.retention.expire()
        assert partials(kept) == before
    for task in uploads:
        task.cancel()
    await asyncio.wait(uploads)
    assert len(partials(kept)) == 2


async def test_an_upload_that_was_not_resumed_in_time_goes(kept: Stored, clock: Clock) -> None:
    await break_off(kept, 1)
    clock.time += KEPT_FOR
    await kept.retention.expire()
    assert partials(kept) == []
    assert await kept.usage.used("t") == 0


async def test_of_many_broken_off_uploads_the_latest_are_kept(kept: Stored, clock: Clock) -> None:
    for number in range(6):
        clock.time += KEPT_FOR / 100
        await break_off(kept, number)
    assert len(partials(kept)) == 3
    assert await kept.usage.used("t") == 3
    for number in range(3):
        with pytest.raises(NotFoundError):
            await kept.uploads.progress("t", f"upload_{number}")
    for number in range(3, 6):
        assert (await kept.uploads.progress("t", f"upload_{number}")).received_bytes == 1
