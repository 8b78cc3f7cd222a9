"""Blobs: stored once and completely or not at all, and can be linked, in a folder and in S3."""

import asyncio
import errno
import hashlib
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cellblock_server.blobs.blob_store import BlobStore
from cellblock_server.blobs.folder_store import FolderStore
from cellblock_server.blobs.object_store import CHUNK, Blob, DamagedBlobError, ObjectStore
from cellblock_server.blobs.room import DiskSpace
from cellblock_server.blobs.s3_store import PART_BYTES
from cellblock_server.common.errors import ExhaustedError, OutOfRangeError, UnavailableError
from tests.support.buckets import blob_cache, prefix_of, s3_objects
from tests.support.s3 import S3Server


@dataclass(frozen=True)
class BlobLocation:
    """The place of stored bytes: a folder or an S3 bucket."""

    folder: Path
    s3: S3Server | None
    """The S3 server; None stores in the folder."""

    def store(self, min_free: int = 0) -> BlobStore:
        """Return a blob store, created as a starting server does."""
        room = DiskSpace(self.folder, min_free)
        return BlobStore(self.folder, room, self._objects(room))

    def stored_names(self) -> list[str]:
        """Return the names of all stored and partial files."""
        names = [path.name for path in self.folder.rglob("*") if path.is_file()]
        return names + self.keys()

    def keys(self) -> list[str]:
        """Return the keys of all objects in the bucket."""
        if self.s3 is None:
            return []
        return [key for key in self.s3.keys(prefix_of(self.folder)) if key != "owner"]

    def replace(self, blob: Blob, data: bytes | None) -> None:
        """Damage stored bytes of one part: replace them, or remove them if `data` is None."""
        if self.s3 is None:
            path = self.folder / blob.sha256[:2] / blob.sha256[2:]
            path.unlink()
            if data is not None:
                path.write_bytes(data)
            return
        client, key = self.s3.client(prefix_of(self.folder)), f"blobs/{blob.sha256}/0"
        client.delete(key)
        if data is not None:
            client.put(key, data)

    def _objects(self, room: DiskSpace) -> ObjectStore:
        if self.s3 is None:
            return FolderStore(self.folder, blob_cache(self.folder, room=room))
        return s3_objects(self.s3, self.folder, room)


@pytest.fixture(params=["folder", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> BlobLocation:
    s3 = request.getfixturevalue("s3") if request.param == "s3" else None
    return BlobLocation(tmp_path / "blobs", s3)


@pytest.fixture
async def blobs(place: BlobLocation) -> BlobStore:
    blobs = place.store()
    await blobs.start([])
    return blobs


async def write(blobs: BlobStore, data: AsyncIterator[bytes], max_bytes: int = 10) -> Blob:
    """Store bytes and release the hold on them."""
    with blobs.hold_blobs() as hold:
        return await hold.write(data, max_bytes=max_bytes, field="data")


async def no_file_has(_sha256: str) -> bool:
    return False


async def chunks(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def all_of(blobs: BlobStore, blob: Blob, offset: int = 0, length: int = 0) -> bytes:
    return b"".join([data async for data in blobs.read(blob, offset, length)])


async def test_written_bytes_are_read_back(blobs: BlobStore) -> None:
    blob = await write(blobs, chunks(b"ab", b"cd"), 4)
    assert (blob.sha256, blob.size) == (hashlib.sha256(b"abcd").hexdigest(), 4)
    assert await all_of(blobs, blob) == b"abcd"
    assert await all_of(blobs, blob, 1, 2) == b"bc"


async def test_the_same_bytes_are_stored_once(blobs: BlobStore, place: BlobLocation) -> None:
    for _ in range(2):
        await write(blobs, chunks(b"same"), 10)
    assert len(place.stored_names()) == 1


async def test_too_many_bytes_leave_nothing(blobs: BlobStore, place: BlobLocation) -> None:
    with pytest.raises(OutOfRangeError, match="data: must be at most 3 bytes"):
        await write(blobs, chunks(b"ab", b"cd"), 3)
    assert place.stored_names() == []


async def test_failing_source_leaves_nothing(blobs: BlobStore, place: BlobLocation) -> None:
    async def failing_source() -> AsyncIterator[bytes]:
        yield b"half"
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await write(blobs, failing_source(), 10)
    assert place.stored_names() == []


async def test_cancelled_write_leaves_nothing(blobs: BlobStore, place: BlobLocation) -> None:
    waiting = asyncio.Event()

    async def stalled() -> AsyncIterator[bytes]:
        yield b"half"
        waiting.set()
        await asyncio.Event().wait()

    writing = asyncio.create_task(write(blobs, stalled(), 10))
    await waiting.wait()
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert place.stored_names() == []


async def test_large_blob_is_read_in_chunks_of_a_mebibyte(blobs: BlobStore) -> None:
    size = 2 * CHUNK + 1
    blob = await write(blobs, chunks(bytes(size)), size)
    assert [len(piece) async for piece in blobs.read(blob, 0, 0)] == [CHUNK, CHUNK, 1]
    assert await all_of(blobs, blob, size, 0) == b""


async def test_partial_files_of_a_killed_server_are_removed(place: BlobLocation) -> None:
    (place.folder / "incoming").mkdir(parents=True)
    (place.folder / "incoming" / "half").write_bytes(b"half")
    await place.store().start([])
    assert place.stored_names() == []


async def test_link_is_no_copy_and_survives_deletion(blobs: BlobStore, tmp_path: Path) -> None:
    blob = await write(blobs, chunks(b"linked"), 10)
    assert await blobs.link_to(blob, tmp_path / "link", "tenant")
    assert (tmp_path / "link").stat().st_nlink == 2
    assert (tmp_path / "link").stat().st_mode & 0o777 == 0o444
    for _ in range(2):
        assert await blobs.delete_unless(blob.sha256, no_file_has)
    assert (tmp_path / "link").read_bytes() == b"linked"


async def test_links_of_two_tenants_are_of_two_files(blobs: BlobStore, tmp_path: Path) -> None:
    """Two tenants never share a file, nor the stored file, which others may store or delete."""
    blob = await write(blobs, chunks(b"linked"), 10)
    names = [tmp_path / name for name in ("one", "again", "other")]
    for name, tenant in zip(names, ("a", "a", "b"), strict=True):
        assert await blobs.link_to(blob, name, tenant)
    one, again, other = (name.stat() for name in names)
    assert (one.st_ino, one.st_nlink) == (again.st_ino, 3)  # and the file kept for the tenant
    assert (other.st_ino == one.st_ino, other.st_nlink) == (False, 2)
    names[2].unlink()
    await write(blobs, chunks(b"linked"), 10)
    assert await blobs.delete_unless(blob.sha256, no_file_has)
    assert names[0].stat().st_ctime_ns == one.st_ctime_ns


async def test_bytes_are_copied_where_links_do_not_work(
    blobs: BlobStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse_link(*_arguments: object, **_options: object) -> None:
        raise OSError(errno.EXDEV, "another file system")

    blob = await write(blobs, chunks(b"copied"), 10)
    monkeypatch.setattr(os, "link", refuse_link)
    assert not await blobs.link_to(blob, tmp_path / "copy", "tenant")
    assert (tmp_path / "copy").read_bytes() == b"copied"


async def test_full_disk_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail_with_full_disk(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    blobs = BlobLocation(tmp_path, None).store()
    await blobs.start([])
    monkeypatch.setattr(os, "fsync", fail_with_full_disk)
    with pytest.raises(UnavailableError) as caught:
        await write(blobs, chunks(b"x"), 10)
    assert caught.value.reason == "STORE_FULL"


async def test_hashes_lists_all_blobs(blobs: BlobStore) -> None:
    written = {(await write(blobs, chunks(text), 10)).sha256 for text in (b"a", b"b", b"c")}
    assert {sha256 async for sha256 in blobs.hashes()} == written


async def test_blob_with_a_hold_or_a_file_is_not_deleted(blobs: BlobStore) -> None:
    async def a_file_has(_sha256: str) -> bool:
        return True

    with blobs.hold_blobs() as hold:
        blob = await hold.write(chunks(b"x"), max_bytes=10, field="data")
        assert not await blobs.delete_unless(blob.sha256, no_file_has)
    assert not await blobs.delete_unless(blob.sha256, a_file_has)
    assert await all_of(blobs, blob) == b"x"
    assert await blobs.delete_unless(blob.sha256, no_file_has)


async def test_bytes_stored_again_during_their_deletion_stay(blobs: BlobStore) -> None:
    """The store is asked about files just before the record of an upload is inserted."""
    blob = await write(blobs, chunks(b"x"))
    asked, answer = asyncio.Event(), asyncio.Event()

    async def slowly(_sha256: str) -> bool:
        asked.set()
        await answer.wait()
        return False

    forgetting = asyncio.create_task(blobs.delete_unless(blob.sha256, slowly))
    await asked.wait()
    with blobs.hold_blobs() as hold:
        writing = asyncio.create_task(hold.write(chunks(b"x"), max_bytes=10, field="data"))
        answer.set()
        await asyncio.gather(forgetting, writing)
        assert await all_of(blobs, blob) == b"x"


async def test_nearly_full_disk_accepts_only_required_writes(place: BlobLocation) -> None:
    blobs = place.store(min_free=2**60)
    await blobs.start([])
    with blobs.hold_blobs() as hold:
        with pytest.raises(ExhaustedError, match="nearly full") as caught:
            await hold.write(chunks(b"x"), max_bytes=10, field="data")
        assert caught.value.reason == "DISK_LOW"
        assert place.stored_names() == []
        await hold.write(chunks(b"x"), max_bytes=10, field="data", keep_room=False)


async def test_partial_file_is_continued_and_keeps_its_hash(
    blobs: BlobStore, place: BlobLocation
) -> None:
    for _ in range(2):
        # A new object each time, as after a restart.
        part = blobs.partial("part")
        await part.append(chunks(b"ab"), max_bytes=10, field="data", check=None)
    assert await part.size() == 4
    await part.cut(3)
    await part.append(chunks(b"c"), max_bytes=10, field="data", check=None)
    blob = await part.blob()
    assert (blob.sha256, blob.size) == (hashlib.sha256(b"abac").hexdigest(), 4)
    await place.store().start(["part"])
    with blobs.hold_blobs() as hold:
        await hold.keep_file(part, blob)
    assert await all_of(blobs, blob) == b"abac"


async def test_blob_of_several_parts_is_read_at_any_offset(blobs: BlobStore) -> None:
    size = PART_BYTES + 3 * CHUNK + 5
    data = os.urandom(size)
    blob = await write(blobs, chunks(data), size)
    assert await all_of(blobs, blob) == data
    assert await all_of(blobs, blob, PART_BYTES - 1, 2) == data[PART_BYTES - 1 : PART_BYTES + 1]
    assert await all_of(blobs, blob, size - 3, 0) == data[-3:]


async def test_empty_blob_is_stored(blobs: BlobStore, tmp_path: Path) -> None:
    blob = await write(blobs, chunks())
    assert await all_of(blobs, blob) == b""
    await blobs.link_to(blob, tmp_path / "link", "tenant")
    assert (tmp_path / "link").read_bytes() == b""


@pytest.mark.parametrize(
    ("data", "words"),
    [(None, "gone"), (b"abc", "3 bytes are left of 4"), (b"abcde", "5 bytes are left of 4")],
)
async def test_wrong_size_is_reported_before_the_first_chunk(
    blobs: BlobStore, place: BlobLocation, tmp_path: Path, data: bytes | None, words: str
) -> None:
    blob = await write(blobs, chunks(b"abcd"))
    place.replace(blob, data)
    for offset, length in ((0, 0), (1, 2), (3, 1), (4, 0)):
        with pytest.raises(DamagedBlobError, match=words):
            await anext(aiter(blobs.read(blob, offset, length)), None)
    with pytest.raises(DamagedBlobError, match=words):
        await blobs.link_to(blob, tmp_path / "link", "tenant")
    assert not (tmp_path / "link").exists()


async def test_changed_bytes_are_reported_before_the_last_chunk(
    blobs: BlobStore, place: BlobLocation
) -> None:
    blob = await write(blobs, chunks(b"abcd"))
    place.replace(blob, b"abcx")
    with pytest.raises(DamagedBlobError, match="not those that were stored"):
        await all_of(blobs, blob)


async def test_storing_the_same_bytes_again_repairs_damage(
    blobs: BlobStore, place: BlobLocation
) -> None:
    blob = await write(blobs, chunks(b"abcd"))
    place.replace(blob, b"abcx")
    await write(blobs, chunks(b"abcd"))
    assert await all_of(blobs, blob) == b"abcd"


async def test_check_accepts_a_working_store(blobs: BlobStore) -> None:
    await blobs.check()
