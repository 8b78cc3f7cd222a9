"""Bytes in a folder, under their SHA-256: stored once, never changed.

<root>/ab/cdef…      the bytes whose hash begins with `ab`
<root>/incoming/     what is being written, and uploads that may go on
"""

import asyncio
import errno
import hashlib
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import BinaryIO, TypeVar

from cellblock_server.disk import disk_faults_told, sync_folder
from cellblock_server.errors import ExhaustedError, OutOfRangeError
from cellblock_server.uninterrupted import uninterrupted

T = TypeVar("T")

CHUNK = 2**20
MODE = 0o444
"""Hard links of it are seen in sandboxes, whose user is another."""
OTHER_BYTES = "its bytes are not those that were stored"
LOW_RETRY_AFTER = timedelta(minutes=1)
"""When a caller that met a disk that is nearly full may come back."""


@dataclass(frozen=True)
class Blob:
    """Stored bytes."""

    sha256: str
    size: int


class DamagedBlobError(Exception):
    """Stored bytes are not there any more, or not all of them, or others."""


class BlobStore:
    """Content-addressed bytes. File work is done in threads."""

    def __init__(self, root: Path, min_free_bytes: int) -> None:
        """Keep bytes below `root`, which is made if it is not there.

        `min_free_bytes` of its disk are left to those who must not fail: see `check_room`.
        """
        self._root = root
        self._incoming = root / "incoming"
        self._min_free = min_free_bytes
        self._held: Counter[str] = Counter()
        # What is being put into its place is either held before it is looked at for
        # removal, or put there after it was removed.
        self._placing = asyncio.Lock()

    async def start(self, partials: Collection[str]) -> None:
        """Make the folders; of what is half written, keep uploads called so, forget the rest."""
        await _in_thread(partial(self._start, frozenset(partials)))

    @contextmanager
    def hold(self) -> Iterator["Hold"]:
        """A block in which bytes are written that no file has yet: they stay until its end."""
        hold = Hold(self)
        try:
            yield hold
        finally:
            self._held.subtract(hold.hashes)
            self._held += Counter()  # drops zeros

    def check_room(self, more: int) -> None:
        """Raise ExhaustedError if `more` bytes leave too little of the disk."""
        with _faults_told():
            free = shutil.disk_usage(self._root).free
        if free - more < self._min_free:
            raise ExhaustedError(
                "DISK_LOW",
                f"the server's disk is nearly full: {more} bytes more leave less than the "
                f"{self._min_free} that are kept free",
                LOW_RETRY_AFTER,
            )

    def partial(self, name: str) -> "PartialFile":
        """Bytes that have come so far, and may come in several goes."""
        return PartialFile(self._incoming / name)

    async def read(self, blob: Blob, offset: int, length: int) -> AsyncIterator[bytes]:
        """Bytes from `offset` on: `length` of them, or all if 0; in pieces of 1 MiB.

        Raises DamagedBlobError: if the size is wrong before the first piece, and if all of it
        is read and its hash is wrong before the last one.
        """
        left = min(length or blob.size, blob.size - offset)
        digest = hashlib.sha256() if left == blob.size else None
        file = await _in_thread(partial(_open, self._path(blob.sha256), blob.size))
        with file:
            await _in_thread(partial(file.seek, offset))
            while left > 0:
                data = await _in_thread(partial(_piece, file, min(CHUNK, left), digest))
                left -= len(data)
                if not data or (
                    left == 0 and digest is not None and digest.hexdigest() != blob.sha256
                ):
                    raise DamagedBlobError(OTHER_BYTES)
                yield data

    async def link_to(self, blob: Blob, destination: Path) -> bool:
        """Make the bytes appear at `destination`; whether without a copy.

        Raises DamagedBlobError if the size is wrong: reading all of it is not for this.
        """

        def link() -> bool:
            source = self._path(blob.sha256)
            _open(source, blob.size).close()
            try:
                destination.hardlink_to(source)
            except OSError as error:
                # Another file system, or one without links.
                if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP):
                    raise
                _copy(source, destination)
                return False
            return True

        return await _in_thread(link)

    async def delete_unless(
        self, sha256: str, is_referenced: Callable[[str], Awaitable[bool]]
    ) -> bool:
        """Forget bytes that nobody holds and no file has; whether they are forgotten.

        Nothing happens if they are gone. Links to them stay.
        """
        async with self._placing:
            if self._held[sha256] or await is_referenced(sha256):
                return False
            await _in_thread(partial(self._path(sha256).unlink, missing_ok=True))
            return True

    async def hashes(self) -> AsyncIterator[str]:
        """The hashes of all that is stored."""
        for sha256 in await _in_thread(self._hashes):
            yield sha256

    def create(self) -> "PartialFile":
        """A new file to write bytes into; the caller discards it."""
        with _faults_told():
            descriptor, name = tempfile.mkstemp(dir=self._incoming)
            os.close(descriptor)
        return PartialFile(Path(name))

    async def place(self, hold: "Hold", file: Path, sha256: str) -> None:
        """Put a whole file into its place; see `Hold`."""
        await _in_thread(partial(_seal, file))
        async with self._placing:
            # First: from here on nobody forgets it.
            self._held[sha256] += 1
            hold.hashes.append(sha256)
            await _in_thread(partial(self._rename, file, sha256))

    def _path(self, sha256: str) -> Path:
        return self._root / sha256[:2] / sha256[2:]

    def _start(self, partials: frozenset[str]) -> None:
        self._incoming.mkdir(parents=True, exist_ok=True)
        for left in self._incoming.iterdir():
            if left.name not in partials:
                left.unlink()

    def _hashes(self) -> list[str]:
        paths = self._root.glob("[0-9a-f][0-9a-f]/*")
        return [path.parent.name + path.name for path in paths]

    def _rename(self, file: Path, sha256: str) -> None:
        path = self._path(sha256)
        path.parent.mkdir(exist_ok=True)
        # The same bytes may be there already; then theirs are replaced by equal ones,
        # and links to the old ones stay good.
        file.rename(path)
        # Its name, and that of the folder, which may be new.
        for folder in (path.parent, self._root):
            sync_folder(folder)


class Hold:
    """Bytes that may not be forgotten, though no file has them yet. See `BlobStore.hold`."""

    def __init__(self, blobs: BlobStore) -> None:
        """Use `BlobStore.hold`."""
        self._blobs = blobs
        self.hashes: list[str] = []

    async def write(
        self, chunks: AsyncIterator[bytes], *, max_bytes: int, field: str, keep_room: bool = True
    ) -> Blob:
        """Store bytes; all or nothing.

        Raises OutOfRangeError that names `field` as soon as there are more than
        `max_bytes`, UnavailableError when the disk is full or fails, and with
        `keep_room` ExhaustedError when it is nearly full.
        """
        # Not in a thread: a caller that leaves meanwhile must not leave a file behind.
        file = self._blobs.create()
        try:
            check = self._blobs.check_room if keep_room else None
            await file.append(chunks, max_bytes=max_bytes, field=field, check=check)
            blob = await file.blob()
            await self.keep(file, blob)
            return blob
        finally:
            # A session that ends cancels it here, too.
            await uninterrupted(file.discard())

    async def keep(self, file: "PartialFile", blob: Blob) -> None:
        """Put bytes that are complete into their place."""
        await self._blobs.place(self, file.path, blob.sha256)


class PartialFile:
    """Bytes that have come so far."""

    def __init__(self, path: Path) -> None:
        """Use `BlobStore.create` or `BlobStore.partial`."""
        self.path = path
        self._digest: hashlib._Hash | None = None
        """Of all that was appended, if it was appended by this object from the start."""

    async def size(self) -> int:
        """How many bytes there are; 0 if there is no file."""
        return await _in_thread(partial(_size, self.path))

    async def cut(self, size: int) -> None:
        """Forget all bytes past `size`; 0 makes an empty file."""
        self._digest = None
        await _in_thread(partial(_cut, self.path, size))

    async def append(
        self,
        chunks: AsyncIterator[bytes],
        *,
        max_bytes: int,
        field: str,
        check: Callable[[int], None] | None,
    ) -> None:
        """Add bytes; see `Hold.write` for what it raises. What was added before that stays.

        `check` is asked before each piece, with its size.
        """
        size = await self.size()
        digest = hashlib.sha256() if size == 0 else None
        with _faults_told():
            file = self.path.open("ab")
        try:
            async for chunk in chunks:
                size += len(chunk)
                if size > max_bytes:
                    raise OutOfRangeError(field, f"must be at most {max_bytes} bytes, got more")
                if check is not None:
                    check(len(chunk))
                await _in_thread(partial(_append, file, digest, chunk))
            await _in_thread(file.flush)
            self._digest = digest
        finally:
            await _in_thread(file.close)

    async def head(self, size: int) -> bytes:
        """The first bytes."""
        return await _in_thread(partial(_head, self.path, size))

    async def blob(self) -> Blob:
        """Hash and size of what there is."""
        size = await self.size()
        if self._digest is not None:
            return Blob(self._digest.hexdigest(), size)
        return Blob(await _in_thread(partial(_sha256, self.path)), size)

    async def discard(self) -> None:
        """Forget it; nothing happens if it has become a blob, or is gone."""
        await _in_thread(partial(self.path.unlink, missing_ok=True))


def _open(path: Path, size: int) -> BinaryIO:
    """A blob's file. Raises DamagedBlobError unless it has its size."""
    try:
        file = path.open("rb")
    except FileNotFoundError as error:
        raise DamagedBlobError("its bytes are gone") from error
    found = os.fstat(file.fileno()).st_size
    if found != size:
        file.close()
        raise DamagedBlobError(f"{found} bytes are left of {size}")
    return file


def _piece(file: BinaryIO, size: int, digest: "hashlib._Hash | None") -> bytes:
    data = file.read(size)
    if digest is not None:
        digest.update(data)
    return data


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


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _seal(path: Path) -> None:
    with path.open("rb") as file:
        os.fchmod(file.fileno(), MODE)
        os.fsync(file.fileno())


def _copy(source: Path, destination: Path) -> None:
    try:
        shutil.copyfile(source, destination)
        destination.chmod(MODE)
    except OSError:
        destination.unlink(missing_ok=True)
        raise


async def _in_thread(work: Callable[[], T]) -> T:
    """Do blocking file work elsewhere, with a failing disk told as what it is."""
    with _faults_told():
        return await asyncio.to_thread(work)


def _faults_told() -> AbstractContextManager[None]:
    return disk_faults_told("the file store")
