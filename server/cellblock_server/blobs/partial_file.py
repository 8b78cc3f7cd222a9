"""Partial files of uploads, which may arrive in several streams."""

import hashlib
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import BinaryIO

from cellblock_server.blobs.local import converted_disk_errors, hash_of, in_thread
from cellblock_server.blobs.object_store import Blob
from cellblock_server.common.errors import OutOfRangeError
from cellblock_server.common.uninterrupted import uninterrupted


class PartialFile:
    """Bytes received so far."""

    def __init__(self, path: Path) -> None:
        """Use `BlobStore.temporary` or `BlobStore.partial`."""
        self.path = path
        self._digest: hashlib._Hash | None = None
        """Digest of all appended bytes, if this object appended all of them."""

    async def size(self) -> int:
        """Return the number of bytes; 0 if there is no file."""
        return await in_thread(partial(_size, self.path))

    async def cut(self, size: int) -> None:
        """Truncate the file to `size`; 0 makes an empty file."""
        self._digest = None
        await in_thread(partial(_cut, self.path, size))

    async def append(
        self,
        chunks: AsyncIterator[bytes],
        *,
        max_bytes: int,
        field: str,
        check: Callable[[int], None] | None,
    ) -> None:
        """Append bytes; see `BlobHold.write` for the errors. Bytes added before an error stay.

        `check` is called before each piece, with its size. However often the task is cancelled, the
        file is closed and no thread writes to it when this ends.
        """
        size = await self.size()
        digest = hashlib.sha256() if size == 0 else None
        with converted_disk_errors():
            file = self.path.open("ab")
        try:
            async for chunk in chunks:
                size += len(chunk)
                if size > max_bytes:
                    raise OutOfRangeError(field, f"must be at most {max_bytes} bytes, got more")
                if check is not None:
                    check(len(chunk))
                await uninterrupted(in_thread(partial(_append, file, digest, chunk)))
                del chunk  # the next one may be long in coming
            await uninterrupted(in_thread(file.flush))
            self._digest = digest
        finally:
            await uninterrupted(in_thread(file.close))

    async def head(self, size: int) -> bytes:
        """Return the first bytes."""
        return await in_thread(partial(_head, self.path, size))

    async def blob(self) -> Blob:
        """Return hash and size of the bytes."""
        size = await self.size()
        if self._digest is not None:
            return Blob(self._digest.hexdigest(), size)
        return Blob(await in_thread(partial(hash_of, self.path)), size)

    async def discard(self) -> None:
        """Delete the file, even if the task is cancelled; a missing file is no error."""
        await uninterrupted(in_thread(partial(self.path.unlink, missing_ok=True)))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _head(path: Path, size: int) -> bytes:
    with path.open("rb") as file:
        return file.read(size)


def _cut(path: Path, size: int) -> None:
    with path.open("ab") as file:
        file.truncate(size)


def _append(file: BinaryIO, digest: "hashlib._Hash | None", chunk: bytes) -> None:
    file.write(chunk)
    if digest is not None:
        digest.update(chunk)
