"""Bytes of files under their SHA-256: stored once, never changed, held until a file has them.

An `ObjectStore` stores them. This module manages what it does not know:

<folder>/incoming/ files being written, and resumable uploads
"""

import asyncio
import os
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from pathlib import Path
from weakref import WeakValueDictionary

import structlog

from cellblock_server.blobs.local import converted_disk_errors, in_thread
from cellblock_server.blobs.object_store import Blob, ObjectStore
from cellblock_server.blobs.partial_file import PartialFile
from cellblock_server.blobs.room import DiskSpace

REMOVED = "removed-"
"""Prefix of a partial file that is being deleted."""

log = structlog.get_logger(__name__)


class BlobStore:
    """Content-addressed bytes."""

    def __init__(self, folder: Path, room: DiskSpace, objects: ObjectStore) -> None:
        """Store bytes in `objects`; `folder` is for incoming bytes, and `room` checks its disk."""
        self._incoming = folder / "incoming"
        self._objects = objects
        self._room = room
        self._held: Counter[str] = Counter()
        self._temporary: set[str] = set()
        """Names of the files that `temporary` has created and not yet deleted."""
        # Locks by hash: bytes being stored are either held before their removal is checked, or
        # stored after it.
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def start(self, partials: Collection[str]) -> None:
        """Prepare the folders; keep the partial files named in `partials`, delete the others."""
        await in_thread(partial(self._start, frozenset(partials)))
        await self._objects.start()

    async def close(self) -> None:
        """Close what the object store has open."""
        await self._objects.close()

    async def check(self) -> None:
        """Raise UnavailableError if bytes can't be stored or read now."""
        await self._objects.check()

    def check_room(self, more: int) -> None:
        """Raise ExhaustedError if `more` bytes leave too little free disk space."""
        self._room.check(more)

    def read(self, blob: Blob, offset: int, length: int) -> AsyncIterator[bytes]:
        """See `ObjectStore.read`."""
        return self._objects.read(blob, offset, length)

    async def link_to(self, blob: Blob, destination: Path, tenant: str) -> bool:
        """See `ObjectStore.link_to`."""
        return await self._objects.link_to(blob, destination, tenant)

    def hashes(self) -> AsyncIterator[str]:
        """Yield the hashes of all stored blobs."""
        return self._objects.hashes()

    @contextmanager
    def hold_blobs(self) -> Iterator["BlobHold"]:
        """Protect bytes that are written in the block and that no file has yet, until its end."""
        hold = BlobHold(self)
        try:
            yield hold
        finally:
            self._held.subtract(hold.hashes)
            self._held += Counter()  # drops zeros

    def partial(self, name: str) -> PartialFile:
        """Return the partial file of an upload, which may be appended to several times."""
        return PartialFile(self._incoming / name)

    async def delete_unless(
        self, sha256: str, is_referenced: Callable[[str], Awaitable[bool]]
    ) -> bool:
        """Delete bytes that no task holds and no file has; return whether they were deleted.

        Nothing happens if they are gone. Links to them stay.
        """
        async with self._turn(sha256):
            if self._held[sha256] or await is_referenced(sha256):
                return False
            await self._objects.delete(sha256)
            return True

    @asynccontextmanager
    async def temporary(self) -> AsyncIterator[PartialFile]:
        """Create a file to write bytes into, which is deleted at the end of the block."""
        # Not in a thread: a cancelled caller must not leave a file behind.
        with converted_disk_errors():
            descriptor, name = tempfile.mkstemp(dir=self._incoming)
            os.close(descriptor)
        file = PartialFile(Path(name))
        self._temporary.add(file.path.name)
        try:
            yield file
        finally:
            # If the disk refuses, a sweep deletes it.
            self._temporary.discard(file.path.name)
            await file.discard()

    async def sweep_partials(
        self, find_kept: Callable[[], Awaitable[Callable[[str], bool]]]
    ) -> None:
        """Delete partial files that belong neither to a `temporary` block nor to an upload.

        `find_kept` is called once all files are listed. It returns a predicate that says of a name
        whether an upload has it at that moment.
        """
        found = [name for name in await in_thread(self._partials) if name not in self._temporary]
        if not found:
            return
        is_kept = await find_kept()
        # Not in a thread: no upload can begin between the check and the renaming.
        removed = [self._set_aside(name) for name in found if not is_kept(name)]
        for path in removed:
            await PartialFile(path).discard()
        if removed:
            log.info("partial_files_removed", count=len(removed))

    async def place(self, hold: "BlobHold", file: Path, blob: Blob) -> None:
        """Store a complete file; see `BlobHold`."""
        await self.protect(hold, blob.sha256)
        await self._objects.put(file, blob)

    async def protect(self, hold: "BlobHold", sha256: str) -> None:
        """Let no task delete these bytes from here on; see `BlobHold`."""
        async with self._turn(sha256):
            self._held[sha256] += 1
            hold.hashes.append(sha256)

    def _turn(self, sha256: str) -> asyncio.Lock:
        return self._turns.setdefault(sha256, asyncio.Lock())

    def _partials(self) -> list[str]:
        return [path.name for path in self._incoming.iterdir()]

    def _set_aside(self, name: str) -> Path:
        path = self._incoming / name
        if name.startswith(REMOVED):
            return path
        aside = self._incoming / f"{REMOVED}{name}"
        with converted_disk_errors(), suppress(FileNotFoundError):
            path.rename(aside)
        return aside

    def _start(self, partials: frozenset[str]) -> None:
        self._incoming.mkdir(parents=True, exist_ok=True)
        for left in self._incoming.iterdir():
            if left.name not in partials:
                left.unlink()


class BlobHold:
    """Protection of bytes that no file has yet. See `BlobStore.hold_blobs`."""

    def __init__(self, blobs: BlobStore) -> None:
        """Use `BlobStore.hold_blobs`."""
        self._blobs = blobs
        self.hashes: list[str] = []

    async def write(
        self, chunks: AsyncIterator[bytes], *, max_bytes: int, field: str, keep_room: bool = True
    ) -> Blob:
        """Store bytes, all or none.

        Raises OutOfRangeError that names `field` as soon as there are more than `max_bytes`,
        UnavailableError when the store or its disk is full, unavailable or fails, and with
        `keep_room` ExhaustedError when the disk is nearly full.
        """
        async with self._blobs.temporary() as file:
            check = self._blobs.check_room if keep_room else None
            await file.append(chunks, max_bytes=max_bytes, field=field, check=check)
            blob = await file.blob()
            await self.keep_file(file, blob)
            return blob

    async def keep_stored(self, sha256: str) -> None:
        """Protect bytes that a file has. The caller checks afterwards that the file exists."""
        await self._blobs.protect(self, sha256)

    async def keep_file(self, file: PartialFile, blob: Blob) -> None:
        """Store a complete file; the file is removed."""
        await self._blobs.place(self, file.path, blob)
        await file.discard()
