"""Bytes in a folder, under their SHA-256: stored once, never changed.

<root>/ab/cdef…      the bytes whose hash begins with `ab`
<root>/incoming/     what is being written; empty at rest
"""

import asyncio
import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, TypeVar

from cellblock_server.errors import OutOfRangeError, UnavailableError

T = TypeVar("T")

CHUNK = 2**20
MODE = 0o444
"""Hard links of it are seen in sandboxes, whose user is another."""
FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True)
class Blob:
    """Stored bytes."""

    sha256: str
    size: int


class BlobStore:
    """Content-addressed bytes. File work is done in threads."""

    def __init__(self, root: Path) -> None:
        """Keep bytes below `root`, which is made if it is not there."""
        self._root = root
        self._incoming = root / "incoming"

    async def start(self) -> None:
        """Make the folders, and forget what was half written when a server was killed."""
        await _in_thread(self._start)

    async def write(self, chunks: AsyncIterator[bytes], *, max_bytes: int, field: str) -> Blob:
        """Store bytes; all or nothing.

        Raises OutOfRangeError that names `field` as soon as there are more than
        `max_bytes`, and UnavailableError when the disk is full or fails.
        """
        with _translated():
            # Not in a thread: a caller that leaves meanwhile must not leave a file behind.
            file = self._create()
        try:
            digest, size = hashlib.sha256(), 0
            async for chunk in chunks:
                size += len(chunk)
                if size > max_bytes:
                    raise OutOfRangeError(field, f"must be at most {max_bytes} bytes, got more")
                await _in_thread(partial(_append, file, digest, chunk))
            sha256 = digest.hexdigest()
            await _in_thread(partial(self._publish, file, sha256))
            return Blob(sha256, size)
        finally:
            await _in_thread(partial(_discard, file))

    async def read(self, sha256: str, offset: int, length: int) -> AsyncIterator[bytes]:
        """Bytes from `offset` on: `length` of them, or all if 0; in pieces of 1 MiB."""
        file = await _in_thread(partial(_open, self._path(sha256)))
        with file:
            await _in_thread(partial(file.seek, offset))
            left = length or None
            while left != 0:
                size = CHUNK if left is None else min(CHUNK, left)
                data = await _in_thread(partial(file.read, size))
                if not data:
                    return
                left = None if left is None else left - len(data)
                yield data

    async def link_to(self, sha256: str, destination: Path) -> bool:
        """Make the bytes appear at `destination`; whether without a copy."""

        def link() -> bool:
            try:
                destination.hardlink_to(self._path(sha256))
            except OSError as error:
                # Another file system, or one without links.
                if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP):
                    raise
                shutil.copyfile(self._path(sha256), destination)
                destination.chmod(MODE)
                return False
            return True

        return await _in_thread(link)

    async def delete(self, sha256: str) -> None:
        """Forget bytes; nothing happens if they are gone. Links to them stay."""
        await _in_thread(partial(self._path(sha256).unlink, missing_ok=True))

    async def hashes(self) -> AsyncIterator[str]:
        """The hashes of all that is stored."""
        for sha256 in await _in_thread(self._hashes):
            yield sha256

    def _path(self, sha256: str) -> Path:
        return self._root / sha256[:2] / sha256[2:]

    def _start(self) -> None:
        self._incoming.mkdir(parents=True, exist_ok=True)
        for left in self._incoming.iterdir():
            left.unlink()

    def _hashes(self) -> list[str]:
        paths = self._root.glob("[0-9a-f][0-9a-f]/*")
        return [path.parent.name + path.name for path in paths]

    def _create(self) -> BinaryIO:
        descriptor, name = tempfile.mkstemp(dir=self._incoming)
        os.close(descriptor)
        return Path(name).open("wb")

    def _publish(self, file: BinaryIO, sha256: str) -> None:
        path = self._path(sha256)
        path.parent.mkdir(exist_ok=True)
        file.flush()
        os.fchmod(file.fileno(), MODE)
        os.fsync(file.fileno())
        # The same bytes may be there already; then theirs are replaced by equal ones,
        # and links to the old ones stay good.
        Path(file.name).rename(path)
        # Its name, and that of the folder, which may be new.
        for folder in (path.parent, self._root):
            _sync_folder(folder)


def _open(path: Path) -> BinaryIO:
    return path.open("rb")


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _append(file: BinaryIO, digest: "hashlib._Hash", chunk: bytes) -> None:
    file.write(chunk)
    digest.update(chunk)


def _discard(file: BinaryIO) -> None:
    file.close()
    Path(file.name).unlink(missing_ok=True)


async def _in_thread(work: Callable[[], T]) -> T:
    """Do blocking file work elsewhere, with a failing disk told as what it is."""
    with _translated():
        return await asyncio.to_thread(work)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = "STORE_FULL" if error.errno in FULL else "STORE_FAILED"
        raise UnavailableError(reason, f"the file store failed: {error.strerror}") from error
