"""Bytes are stored whole or not at all, once, and can be linked."""

import asyncio
import errno
import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cellblock_server.errors import OutOfRangeError, UnavailableError
from cellblock_server.files.blobs import CHUNK, BlobStore


@pytest.fixture
async def blobs(tmp_path: Path) -> BlobStore:
    blobs = BlobStore(tmp_path / "blobs")
    await blobs.start()
    return blobs


async def chunks(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def all_of(blobs: BlobStore, sha256: str, offset: int = 0, length: int = 0) -> bytes:
    return b"".join([data async for data in blobs.read(sha256, offset, length)])


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_written_bytes_come_back(blobs: BlobStore) -> None:
    blob = await blobs.write(chunks(b"ab", b"cd"), max_bytes=4, field="data")
    assert (blob.sha256, blob.size) == (hashlib.sha256(b"abcd").hexdigest(), 4)
    assert await all_of(blobs, blob.sha256) == b"abcd"
    assert await all_of(blobs, blob.sha256, 1, 2) == b"bc"


async def test_the_same_bytes_are_stored_once(blobs: BlobStore, tmp_path: Path) -> None:
    for _ in range(2):
        await blobs.write(chunks(b"same"), max_bytes=10, field="data")
    assert len(files(tmp_path)) == 1


async def test_too_many_bytes_leave_nothing(blobs: BlobStore, tmp_path: Path) -> None:
    with pytest.raises(OutOfRangeError, match="data: must be at most 3 bytes"):
        await blobs.write(chunks(b"ab", b"cd"), max_bytes=3, field="data")
    assert files(tmp_path) == []


async def test_a_source_that_breaks_off_leaves_nothing(blobs: BlobStore, tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"half"
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await blobs.write(broken(), max_bytes=10, field="data")
    assert files(tmp_path) == []


async def test_a_caller_that_leaves_meanwhile_leaves_nothing(
    blobs: BlobStore, tmp_path: Path
) -> None:
    waiting = asyncio.Event()

    async def stalled() -> AsyncIterator[bytes]:
        yield b"half"
        waiting.set()
        await asyncio.Event().wait()

    writing = asyncio.create_task(blobs.write(stalled(), max_bytes=10, field="data"))
    await waiting.wait()
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert files(tmp_path) == []


async def test_large_bytes_come_in_pieces_of_a_mebibyte(blobs: BlobStore) -> None:
    size = 2 * CHUNK + 1
    blob = await blobs.write(chunks(bytes(size)), max_bytes=size, field="data")
    assert [len(piece) async for piece in blobs.read(blob.sha256, 0, 0)] == [CHUNK, CHUNK, 1]
    assert await all_of(blobs, blob.sha256, size, 0) == b""


async def test_what_a_killed_server_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / "incoming").mkdir()
    (tmp_path / "incoming" / "half").write_bytes(b"half")
    await BlobStore(tmp_path).start()
    assert files(tmp_path) == []


async def test_a_link_is_no_copy_and_survives_deletion(blobs: BlobStore, tmp_path: Path) -> None:
    blob = await blobs.write(chunks(b"linked"), max_bytes=10, field="data")
    assert await blobs.link_to(blob.sha256, tmp_path / "link")
    assert (tmp_path / "link").stat().st_nlink == 2
    assert (tmp_path / "link").stat().st_mode & 0o777 == 0o444
    await blobs.delete(blob.sha256)
    await blobs.delete(blob.sha256)
    assert (tmp_path / "link").read_bytes() == b"linked"


async def test_where_links_do_not_work_a_copy_is_made(
    blobs: BlobStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object, **_options: object) -> None:
        raise OSError(errno.EXDEV, "another file system")

    blob = await blobs.write(chunks(b"copied"), max_bytes=10, field="data")
    monkeypatch.setattr(os, "link", refuse)
    assert not await blobs.link_to(blob.sha256, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"copied"


async def test_a_full_disk_is_told(blobs: BlobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UnavailableError) as caught:
        await blobs.write(chunks(b"x"), max_bytes=10, field="data")
    assert caught.value.reason == "STORE_FULL"


async def test_hashes_lists_all(blobs: BlobStore) -> None:
    written = {
        (await blobs.write(chunks(text), max_bytes=10, field="data")).sha256
        for text in (b"a", b"b", b"c")
    }
    assert {sha256 async for sha256 in blobs.hashes()} == written
