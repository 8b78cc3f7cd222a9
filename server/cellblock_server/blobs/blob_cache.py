"""Cache of files that sandboxes see through hard links: each tenant has its own copy.

A file's number of links, the time of its last change and its locks are visible through every link.
So no link of one tenant leads to a file that another tenant, or the store, has as well.

<folder>/<owner>.<sha256> a whole blob, as a tenant's sandboxes see it

<folder>/<sha256> a recently stored blob that no tenant has attached yet

<folder>/.… a blob that is being fetched
"""

import asyncio
import hashlib
import os
import tempfile
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from weakref import WeakValueDictionary

import structlog

from cellblock_server.blobs.local import copy_bytes, in_thread, link, open_whole, seal
from cellblock_server.blobs.object_store import Blob, DamagedBlobError
from cellblock_server.blobs.room import DiskSpace
from cellblock_server.common.disk import sync_folder
from cellblock_server.common.errors import ExhaustedError, UnavailableError
from cellblock_server.common.uninterrupted import uninterrupted

log = structlog.get_logger(__name__)

OWNER_DIGITS = 16
"""Digits of the hash of a tenant's id, which is part of its files' names."""
KEPT_FROM = 2**20
"""Minimum size of blobs that are cached when stored: smaller ones are fetched quickly."""


class BlobCache:
    """The most recently used blobs, up to a total size."""

    def __init__(self, folder: Path, max_bytes: int, room: DiskSpace) -> None:
        """Keep up to `max_bytes` below `folder`; `room` checks the free space of its disk."""
        self._folder = folder
        self._max_bytes = max_bytes
        self._room = room
        self._sizes: OrderedDict[str, int] = OrderedDict()
        """Sizes of cached files, the least recently used first."""
        self._coming = 0
        """Bytes of files that are being fetched."""
        self._used: Counter[str] = Counter()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def start(self) -> None:
        """Find an earlier server's files; remove those that it had not fetched completely."""
        self._sizes = await in_thread(self._found)
        await self._evict(0)

    async def link(
        self,
        blob: Blob,
        destination: Path,
        read: Callable[[], AsyncIterator[bytes]],
        tenant: str,
    ) -> bool:
        """Link a tenant's file of a blob to `destination`; return whether without a copy.

        A missing blob is first fetched with `read`, once for all concurrent callers: completely,
        with `read` verifying its hash. Raises what `read` raises, UnavailableError, and
        ExhaustedError if it does not fit on the disk.
        """

        async def fill(file: Path) -> None:
            with file.open("wb") as writing:
                async for piece in read():
                    await in_thread(partial(writing.write, piece))
                await in_thread(writing.flush)

        return await self._link(blob, destination, fill, tenant)

    async def link_copy(self, blob: Blob, destination: Path, source: Path, tenant: str) -> bool:
        """Link a tenant's file of a blob, which is copied from `source` if it is missing here.

        The size of `source` is checked, and not its hash. Raises as `link`, and DamagedBlobError.
        """

        async def fill(file: Path) -> None:
            await in_thread(partial(copy_bytes, source, file, blob.size))

        return await self._link(blob, destination, fill, tenant)

    async def _link(
        self,
        blob: Blob,
        destination: Path,
        fill: Callable[[Path], Awaitable[None]],
        tenant: str,
    ) -> bool:
        owner = hashlib.sha256(tenant.encode()).hexdigest()[:OWNER_DIGITS]
        name = f"{owner}.{blob.sha256}"
        with self._in_use(name):
            # One task fetches, and the others wait for it; if it fails the next one tries.
            async with self._turn(name):
                if not await self._has(name, blob.size) and not await self._claim(name, blob):
                    await self._fetch(name, blob.size, fill)
            linked = await in_thread(partial(link, self._path(name), destination))
        await self._evict(0)
        return linked

    async def _claim(self, name: str, blob: Blob) -> bool:
        """Rename a stored blob to a tenant's file if no sandbox sees it; return success."""
        with self._in_use(blob.sha256):
            async with self._turn(blob.sha256):
                if not await self._has(blob.sha256, blob.size):
                    return False
                old, new = self._path(blob.sha256), self._path(name)
                if (await in_thread(old.stat)).st_nlink > 1:
                    return False
                await uninterrupted(self._rename(blob.sha256, old, name, new))
                return True

    async def _rename(self, old_name: str, old: Path, new_name: str, new: Path) -> None:
        await in_thread(partial(old.rename, new))
        self._sizes[new_name] = self._sizes.pop(old_name)

    async def keep_file(self, file: Path, blob: Blob) -> None:
        """Add a file whose bytes are stored: most files are attached soon after their upload."""
        if not KEPT_FROM <= blob.size <= self._max_bytes:
            return
        with self._in_use(blob.sha256):
            async with self._turn(blob.sha256):
                await self._evict(blob.size)
                try:
                    await uninterrupted(self._add_file(file, blob.sha256, blob.size))
                except UnavailableError as error:
                    # The bytes are stored; a task that needs them here fetches them.
                    log.warning("blob_not_kept", detail=str(error))

    async def _has(self, name: str, size: int) -> bool:
        if name not in self._sizes:
            return False
        path = self._path(name)
        try:
            (await in_thread(partial(open_whole, path, size))).close()
        except DamagedBlobError:
            # The file was changed or removed outside Cellblock.
            await self._remove(name)
            return False
        self._sizes.move_to_end(name)
        # For the next server.
        await in_thread(partial(os.utime, path))
        return True

    async def _fetch(self, name: str, size: int, fill: Callable[[Path], Awaitable[None]]) -> None:
        self._coming += size
        try:
            await self._evict(0)
            await self._make_room(size)
            descriptor, coming = await in_thread(partial(tempfile.mkstemp, "", ".", self._folder))
            os.close(descriptor)
            file = Path(coming)
            try:
                await fill(file)
                await uninterrupted(self._add_file(file, name, size))
            finally:
                await uninterrupted(in_thread(partial(file.unlink, missing_ok=True)))
        finally:
            self._coming -= size

    async def _make_room(self, size: int) -> None:
        """Remove unused files before reporting that the disk is nearly full."""
        while True:
            try:
                self._room.check(size)
            except ExhaustedError:
                if not await self._evict_one():
                    raise
            else:
                return

    async def _evict(self, more: int) -> None:
        """Remove files to make space for `more` bytes; files in use stay for now."""
        while sum(self._sizes.values()) + self._coming + more > self._max_bytes:
            if not await self._evict_one():
                return

    async def _evict_one(self) -> bool:
        unused = next((name for name in self._sizes if not self._used[name]), None)
        if unused is None:
            return False
        # No task holds the lock of an unused file; a task that needs it now waits, and fetches it
        # again.
        async with self._turn(unused):
            await self._remove(unused)
        return True

    async def _remove(self, name: str) -> None:
        # First: from here on no task finds it. The caller may be cancelled, but must hold the lock
        # while the file is being removed.
        del self._sizes[name]
        await uninterrupted(in_thread(partial(self._path(name).unlink, missing_ok=True)))

    @contextmanager
    def _in_use(self, name: str) -> Iterator[None]:
        self._used[name] += 1
        try:
            yield
        finally:
            self._used[name] -= 1
            self._used += Counter()  # drops zeros

    def _turn(self, name: str) -> asyncio.Lock:
        """Return the lock that a task holds while it adds or removes a file."""
        return self._turns.setdefault(name, asyncio.Lock())

    async def _add_file(self, file: Path, name: str, size: int) -> None:
        await in_thread(partial(self._name, file, name))
        self._sizes[name] = size
        self._sizes.move_to_end(name)

    def _path(self, name: str) -> Path:
        return self._folder / name

    def _name(self, file: Path, name: str) -> None:
        # After a power failure only complete files have their names.
        seal(file)
        file.rename(self._path(name))
        sync_folder(self._folder)

    def _found(self) -> OrderedDict[str, int]:
        self._folder.mkdir(parents=True, exist_ok=True)
        paths = list(self._folder.iterdir())
        for path in paths:
            if path.name.startswith("."):
                path.unlink()
        whole = [(path.name, path.stat()) for path in paths if not path.name.startswith(".")]
        whole.sort(key=lambda one: one[1].st_mtime_ns)
        return OrderedDict((name, found.st_size) for name, found in whole)
