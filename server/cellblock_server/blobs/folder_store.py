"""Bytes of files in a folder: <root>/ab/cdef… has those whose hash begins with `ab`."""

import hashlib
import shutil
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import BinaryIO

from cellblock_server.blobs.blob_cache import BlobCache
from cellblock_server.blobs.local import in_thread, open_whole, seal
from cellblock_server.blobs.object_store import CHUNK, OTHER_BYTES, Blob, DamagedBlobError
from cellblock_server.common.disk import sync_folder


class FolderStore:
    """An `ObjectStore` on this machine."""

    def __init__(self, root: Path, links: BlobCache) -> None:
        """Store bytes below `root`, which is created if missing; sandboxes see files of `links`."""
        self._root = root
        self._links = links

    async def start(self) -> None:
        """See `ObjectStore`."""
        await in_thread(partial(self._root.mkdir, parents=True, exist_ok=True))
        await self._links.start()

    async def close(self) -> None:
        """See `ObjectStore`."""

    async def check(self) -> None:
        """See `ObjectStore`: a folder whose disk was removed can't report its free space."""
        await in_thread(partial(shutil.disk_usage, self._root))

    async def put(self, file: Path, blob: Blob) -> None:
        """See `ObjectStore`."""
        await in_thread(partial(self._put, file, blob.sha256))

    async def read(self, blob: Blob, offset: int, length: int) -> AsyncIterator[bytes]:
        """See `ObjectStore`."""
        left = min(length or blob.size, blob.size - offset)
        digest = hashlib.sha256() if left == blob.size else None
        file = await in_thread(partial(open_whole, self._path(blob.sha256), blob.size))
        with file:
            await in_thread(partial(file.seek, offset))
            while left > 0:
                data = await in_thread(partial(_piece, file, min(CHUNK, left), digest))
                left -= len(data)
                if not data or (
                    left == 0 and digest is not None and digest.hexdigest() != blob.sha256
                ):
                    raise DamagedBlobError(OTHER_BYTES)
                yield data

    async def link_to(self, blob: Blob, destination: Path, tenant: str) -> bool:
        """See `ObjectStore`."""
        source = self._path(blob.sha256)
        # Damage must not be hidden by a copy: the owner needs to know.
        (await in_thread(partial(open_whole, source, blob.size))).close()
        return await self._links.link_copy(blob, destination, source, tenant)

    async def delete(self, sha256: str) -> None:
        """See `ObjectStore`."""
        await in_thread(partial(self._path(sha256).unlink, missing_ok=True))

    async def hashes(self) -> AsyncIterator[str]:
        """See `ObjectStore`."""
        for sha256 in await in_thread(self._hashes):
            yield sha256

    def _path(self, sha256: str) -> Path:
        return self._root / sha256[:2] / sha256[2:]

    def _hashes(self) -> list[str]:
        paths = self._root.glob("[0-9a-f][0-9a-f]/*")
        return [path.parent.name + path.name for path in paths]

    def _put(self, file: Path, sha256: str) -> None:
        seal(file)
        path = self._path(sha256)
        path.parent.mkdir(exist_ok=True)
        # The same bytes may be stored already: they are replaced by equal ones, and links to the
        # old file stay valid.
        file.rename(path)
        # Sync its name, and that of the folder, which may be new.
        for folder in (path.parent, self._root):
            sync_folder(folder)


def _piece(file: BinaryIO, size: int, digest: "hashlib._Hash | None") -> bytes:
    data = file.read(size)
    if digest is not None:
        digest.update(data)
    return data
