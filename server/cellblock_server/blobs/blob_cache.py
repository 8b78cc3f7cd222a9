"""Files on this machine of bytes that lie elsewhere: sandboxes see hard links of them.

<folder>/<sha256>    all of a blob; it was checked when it came
<folder>/.…          one that is coming
"""

import asyncio
import os
import tempfile
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from weakref import WeakValueDictionary

import structlog

from cellblock_server.blobs.local import in_thread, link, open_whole, seal
from cellblock_server.blobs.object_store import Blob, DamagedBlobError
from cellblock_server.blobs.room import Room
from cellblock_server.common.disk import sync_folder
from cellblock_server.common.errors import ExhaustedError, UnavailableError
from cellblock_server.common.uninterrupted import uninterrupted

log = structlog.get_logger(__name__)

KEPT_FROM = 2**20
"""What is smaller is not kept when it is stored: it is seldom linked, and soon fetched."""


class BlobCache:
    """The last used ones, up to a size."""

    def __init__(self, folder: Path, max_bytes: int, room: Room) -> None:
        """Keep up to `max_bytes` below `folder`, on whose disk is `room`."""
        self._folder = folder
        self._max_bytes = max_bytes
        self._room = room
        self._sizes: OrderedDict[str, int] = OrderedDict()
        """Of what is here, the longest unused first."""
        self._coming = 0
        """Bytes of what is being fetched."""
        self._used: Counter[str] = Counter()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def start(self) -> None:
        """Find what an earlier server left; what it had not fetched wholly is removed."""
        self._sizes = await in_thread(self._found)
        await self._evict(0)

    async def link(
        self, blob: Blob, destination: Path, read: Callable[[], AsyncIterator[bytes]]
    ) -> bool:
        """Link a blob to `destination`; whether as a link, without a copy.

        It is `read` first if it is not here, once for all who ask for it meanwhile: all of it,
        and checked against its hash by whoever reads. Raises what `read` raises, UnavailableError,
        and ExhaustedError if it does not fit on the disk.
        """
        with self._in_use(blob.sha256):
            # One fetches, and the others wait for it; if it fails the next one tries.
            async with self._turn(blob.sha256):
                if not await self._has(blob):
                    await self._fetch(blob, read)
            linked = await in_thread(partial(link, self._path(blob.sha256), destination))
        await self._evict(0)
        return linked

    async def keep(self, file: Path, blob: Blob) -> None:
        """Take over a file whose bytes are stored: most are attached soon after they came."""
        if not KEPT_FROM <= blob.size <= self._max_bytes:
            return
        with self._in_use(blob.sha256):
            async with self._turn(blob.sha256):
                await self._evict(blob.size)
                try:
                    await uninterrupted(self._take(file, blob))
                except UnavailableError as error:
                    # They are stored; who wants them here fetches them.
                    log.warning("blob_not_kept", detail=error.message)

    async def _has(self, blob: Blob) -> bool:
        if blob.sha256 not in self._sizes:
            return False
        path = self._path(blob.sha256)
        try:
            (await in_thread(partial(open_whole, path, blob.size))).close()
        except DamagedBlobError:
            # Somebody was at the folder.
            await self._remove(blob.sha256)
            return False
        self._sizes.move_to_end(blob.sha256)
        # For the next server.
        await in_thread(partial(os.utime, path))
        return True

    async def _fetch(self, blob: Blob, read: Callable[[], AsyncIterator[bytes]]) -> None:
        self._coming += blob.size
        try:
            await self._evict(0)
            await self._make_room(blob.size)
            descriptor, name = await in_thread(partial(tempfile.mkstemp, "", ".", self._folder))
            file = Path(name)
            try:
                with os.fdopen(descriptor, "wb") as writing:
                    async for piece in read():
                        await in_thread(partial(writing.write, piece))
                    await in_thread(writing.flush)
                await uninterrupted(self._take(file, blob))
            finally:
                await uninterrupted(in_thread(partial(file.unlink, missing_ok=True)))
        finally:
            self._coming -= blob.size

    async def _make_room(self, size: int) -> None:
        """Give up what is unused before it is said that the disk is nearly full."""
        while True:
            try:
                self._room.check(size)
            except ExhaustedError:
                if not await self._evict_one():
                    raise
            else:
                return

    async def _evict(self, more: int) -> None:
        """Have `more` bytes fit; what is in use stays for the moment."""
        while sum(self._sizes.values()) + self._coming + more > self._max_bytes:
            if not await self._evict_one():
                return

    async def _evict_one(self) -> bool:
        unused = next((sha256 for sha256 in self._sizes if not self._used[sha256]), None)
        if unused is None:
            return False
        # Nobody has the turn of what is unused; who wants it now waits, and fetches it anew.
        async with self._turn(unused):
            await self._remove(unused)
        return True

    async def _remove(self, sha256: str) -> None:
        # First: from here on nobody looks for it. Its caller may leave, but not with its turn
        # while the file still goes.
        del self._sizes[sha256]
        await uninterrupted(in_thread(partial(self._path(sha256).unlink, missing_ok=True)))

    @contextmanager
    def _in_use(self, sha256: str) -> Iterator[None]:
        self._used[sha256] += 1
        try:
            yield
        finally:
            self._used[sha256] -= 1
            self._used += Counter()  # drops zeros

    def _turn(self, sha256: str) -> asyncio.Lock:
        """Whoever brings a file here, or takes it away, holds this."""
        return self._turns.setdefault(sha256, asyncio.Lock())

    async def _take(self, file: Path, blob: Blob) -> None:
        await in_thread(partial(self._name, file, blob.sha256))
        self._sizes[blob.sha256] = blob.size
        self._sizes.move_to_end(blob.sha256)

    def _path(self, sha256: str) -> Path:
        return self._folder / sha256

    def _name(self, file: Path, sha256: str) -> None:
        # After a power cut only what is whole has its name.
        seal(file)
        file.rename(self._path(sha256))
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
