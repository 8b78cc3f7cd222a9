"""Uploads: checked, stored completely, and resumed where they broke."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from cellblock_server.common.errors import (
    AlreadyExistsError,
    ExhaustedError,
    InvalidArgumentError,
    NotFoundError,
    OutOfRangeError,
    QuotaError,
    WrongStateError,
)
from cellblock_server.files.uploads import Upload
from cellblock_server.store.executions import insert_execution
from cellblock_server.store.records import FilePurpose
from tests.support.records import execution_record, session_record
from tests.support.stored import KEPT_FOR, Clock, Stored, stored

pytestmark = [pytest.mark.each_store, pytest.mark.each_blob_store]

HELLO = hashlib.sha256(b"hello").hexdigest()


class Sent:
    """Bytes that a caller sends, followed by the end of the stream or a break."""

    def __init__(self, *pieces: bytes, breaks: bool = False, says: str = "") -> None:
        self.sha256 = says
        self._pieces = pieces
        self._breaks = breaks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece
        if self._breaks:
            raise ConnectionResetError


class Stalled:
    """Bytes that stop arriving while the connection seems alive."""

    def __init__(self, *pieces: bytes) -> None:
        self.sha256 = ""
        self._pieces = pieces
        self.stalls = asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece
        self.stalls.set()
        await asyncio.Event().wait()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def kept(tmp_path: Path, clock: Clock) -> AsyncIterator[Stored]:
    async with stored(tmp_path, clock) as kept:
        yield kept


async def content(kept: Stored, file_id: str) -> bytes:
    record = await kept.files.get("t", file_id)
    return b"".join([data async for data in kept.files.read(record, 0, 0)])


def resumed(offset: int, **fields: object) -> Upload:
    return Upload("a.txt", upload_id="upload_1", offset=offset, **fields)  # type: ignore[arg-type]


async def test_metadata_of_a_file_is_stored(kept: Stored, clock: Clock) -> None:
    upload = Upload(
        "a.txt",
        bytes=5,
        sha256=HELLO.upper(),
        purpose=FilePurpose.USER_DATA,
        expires_after=timedelta(hours=2),
    )
    file = await kept.uploads.upload("t", upload, Sent(b"hel", b"lo", says=HELLO))
    assert file == await kept.files.get("t", file.id)
    assert (file.purpose, file.expire_time) == (
        FilePurpose.USER_DATA,
        clock.time + timedelta(hours=2),
    )
    assert await content(kept, file.id) == b"hello"


@pytest.mark.parametrize(
    ("upload", "field"),
    [
        (Upload("a/b"), "metadata.filename"),
        (Upload("a", bytes=-1), "metadata.bytes"),
        (Upload("a", bytes=2**20 + 1), "metadata.bytes"),
        (Upload("a", sha256="abc"), "metadata.sha256"),
        (Upload("a", purpose=FilePurpose.ASSISTANTS_OUTPUT), "metadata.purpose"),
        (Upload("a", expires_after=timedelta(0)), "metadata.expires_after"),
        (Upload("a", expires_after=timedelta(days=4000)), "metadata.expires_after"),
        (Upload("a", upload_id="x"), "metadata.upload_id"),
        (Upload("a", upload_id="upload_../x"), "metadata.upload_id"),
        (Upload("a", offset=1), "metadata.offset"),
        (Upload("a", upload_id="upload_1", offset=-1), "metadata.offset"),
        (Upload("a", bytes=4), "data"),
        (Upload("a", bytes=6), "metadata.bytes"),
        (Upload("a", sha256="0" * 64), "metadata.sha256"),
        (Upload("a", upload_id="upload_1", bytes=4), "data"),
        (Upload("a", upload_id="upload_1", bytes=6), "metadata.bytes"),
        (Upload("a", upload_id="upload_1", sha256="0" * 64), "metadata.sha256"),
    ],
)
async def test_invalid_upload_is_named_and_leaves_nothing(
    kept: Stored, upload: Upload, field: str
) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        await kept.uploads.upload("t", upload, Sent(b"hello"))
    assert caught.value.field == field
    assert kept.left() == []
    with pytest.raises(NotFoundError):
        await kept.uploads.progress("t", "upload_1")


async def test_wrong_hash_at_the_end_is_reported(kept: Stored) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        await kept.uploads.upload("t", Upload("a"), Sent(b"hello", says="0" * 64))
    assert caught.value.field == "end.sha256"
    assert kept.left() == []


async def test_upload_resumes_where_it_broke(kept: Stored) -> None:
    with pytest.raises(ConnectionResetError):
        await kept.uploads.upload("t", resumed(0), Sent(b"he", breaks=True))
    assert (await kept.uploads.progress("t", "upload_1")).received_bytes == 2
    with pytest.raises(ConnectionResetError):
        await kept.uploads.upload("t", resumed(2), Sent(b"llX", breaks=True))
    # A caller may resume from an earlier offset.
    file = await kept.uploads.upload("t", resumed(4), Sent(b"o", says=HELLO))
    assert await content(kept, file.id) == b"hello"
    progress = await kept.uploads.progress("t", "upload_1")
    assert (progress.file, progress.received_bytes) == (file, 5)


async def test_complete_upload_sent_again_returns_the_same_file(kept: Stored) -> None:
    file = await kept.uploads.upload("t", resumed(0), Sent(b"hello"))
    assert await kept.uploads.upload("t", resumed(5), Sent()) == file
    await kept.files.delete("t", file.id)
    with pytest.raises(NotFoundError):
        await kept.uploads.progress("t", "upload_1")
    assert await kept.uploads.upload("t", resumed(0), Sent(b"other")) != file


async def test_offset_after_the_received_bytes_is_refused(kept: Stored) -> None:
    with pytest.raises(WrongStateError, match="0 bytes of upload 'upload_1' have come, got 3"):
        await kept.uploads.upload("t", resumed(3), Sent(b"lo"))


async def test_other_metadata_with_the_same_upload_id_is_refused(kept: Stored) -> None:
    with pytest.raises(ConnectionResetError):
        await kept.uploads.upload("t", resumed(0), Sent(b"he", breaks=True))
    with pytest.raises(AlreadyExistsError, match="another bytes"):
        await kept.uploads.upload("t", resumed(2, bytes=5), Sent(b"llo"))


async def test_uploads_belong_to_their_tenant(kept: Stored) -> None:
    with pytest.raises(ConnectionResetError):
        await kept.uploads.upload("t", resumed(0), Sent(b"he", breaks=True))
    with pytest.raises(NotFoundError):
        await kept.uploads.progress("other", "upload_1")
    with pytest.raises(WrongStateError):
        await kept.uploads.upload("other", resumed(2), Sent(b"llo"))


async def test_new_stream_replaces_a_stalled_one(kept: Stored) -> None:
    stalled = Stalled(b"he")
    first = asyncio.create_task(kept.uploads.upload("t", resumed(0), stalled))
    await stalled.stalls.wait()
    file = await kept.uploads.upload("t", resumed(2), Sent(b"llo", says=HELLO))
    assert await content(kept, file.id) == b"hello"
    with pytest.raises(asyncio.CancelledError):
        await first
    assert len(kept.left()) == 1


async def test_upload_survives_a_restart_of_the_server(tmp_path: Path, clock: Clock) -> None:
    async with stored(tmp_path, clock) as kept:
        with pytest.raises(ConnectionResetError):
            await kept.uploads.upload("t", resumed(0), Sent(b"he", breaks=True))
        (kept.folder / "blobs" / "incoming" / "half").write_bytes(b"of a server that was killed")
    async with stored(tmp_path, clock) as kept:
        assert len(kept.left()) == 1
        assert (await kept.uploads.progress("t", "upload_1")).received_bytes == 2
        file = await kept.uploads.upload("t", resumed(2), Sent(b"llo", says=HELLO))
        assert await content(kept, file.id) == b"hello"


async def test_unfinished_upload_expires(kept: Stored, clock: Clock) -> None:
    with pytest.raises(ConnectionResetError):
        await kept.uploads.upload("t", resumed(0), Sent(b"he", breaks=True))
    stalled = Stalled(b"x")
    upload = Upload("b", upload_id="upload_2")
    active = asyncio.create_task(kept.uploads.upload("t", upload, stalled))
    await stalled.stalls.wait()
    clock.time += KEPT_FOR
    await kept.uploads.forget_expired(clock())
    with pytest.raises(NotFoundError):
        await kept.uploads.progress("t", "upload_1")
    # An active upload is kept.
    assert len(kept.left()) == 1
    active.cancel()
    with pytest.raises(asyncio.CancelledError):
        await active


async def test_quota_counts_files_and_unfinished_uploads(tmp_path: Path, clock: Clock) -> None:
    async with stored(tmp_path, clock, quota=10) as kept:
        file = await kept.uploads.upload("t", Upload("a"), Sent(b"hello"))
        with pytest.raises(ConnectionResetError):
            await kept.uploads.upload("t", resumed(0), Sent(b"abc", breaks=True))
        for upload in (Upload("b"), Upload("b", bytes=3)):
            with pytest.raises(QuotaError, match="have 8 bytes; 3 more are past the quota of 10"):
                await kept.uploads.upload("t", upload, Sent(b"xyz"))
        assert await kept.uploads.upload("other", Upload("b"), Sent(b"xyz"))
        # Received bytes count once, also while the upload is resumed.
        await kept.uploads.upload("t", resumed(3), Sent(b"de"))
        assert await kept.usage.used("t") == 10
        await kept.files.delete("t", file.id)
        assert await kept.usage.used("t") == 5


async def test_one_of_two_concurrent_uploads_gets_the_last_bytes(
    tmp_path: Path, clock: Clock
) -> None:
    async with stored(tmp_path, clock, quota=8) as kept:
        tries = [kept.uploads.upload("t", Upload("a"), Sent(b"hello")) for _ in range(2)]
        results = await asyncio.gather(*tries, return_exceptions=True)
        assert [isinstance(result, QuotaError) for result in results].count(True) == 1
        assert await kept.usage.used("t") == 5


async def test_refused_upload_does_not_count_against_the_one_that_fits(
    tmp_path: Path, clock: Clock
) -> None:
    async with stored(tmp_path, clock, quota=8) as kept:
        with kept.usage.arriving("t", 0) as first, kept.usage.arriving("t", 0) as second:
            first.size = second.size = 5
            with pytest.raises(QuotaError):
                await kept.usage.check_arriving("t", first)
            await kept.usage.check_arriving("t", second)


async def test_nearly_full_disk_refuses_immediately(tmp_path: Path, clock: Clock) -> None:
    async with stored(tmp_path, clock, min_free=2**60) as kept:
        with pytest.raises(ExhaustedError, match="nearly full"):
            await kept.uploads.upload("t", Upload("a", bytes=5), Stalled())
        assert kept.left() == []


async def test_upload_over_the_size_limit_is_out_of_range(kept: Stored) -> None:
    with pytest.raises(OutOfRangeError, match="data: must be at most 1048576 bytes"):
        await kept.uploads.upload("t", Upload("a"), Sent(bytes(2**20), b"x"))


async def test_records_of_executions_count_in_the_quota(tmp_path: Path, clock: Clock) -> None:
    execution = replace(execution_record("call_1", 1), record_bytes=7)
    async with stored(tmp_path, clock, quota=10) as kept:
        await kept.sessions.insert(session_record())
        await kept.database.write(lambda connection: insert_execution(connection, execution))
        with pytest.raises(QuotaError, match="have 7 bytes; 5 more"):
            await kept.uploads.upload("t", Upload("a"), Sent(b"hello"))
        await kept.usage.check_roughly("t", 3)
        with pytest.raises(QuotaError):
            await kept.usage.check_roughly("t", 4)
        await kept.sessions.delete("t", "sess_1")
    async with stored(tmp_path, clock, quota=10) as kept:
        await kept.usage.check_roughly("t", 10)
