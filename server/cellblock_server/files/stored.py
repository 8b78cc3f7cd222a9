"""Reading of stored files, with damage reported by the file's name."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cellblock_server.blobs.blob_store import BlobStore
from cellblock_server.blobs.object_store import Blob, DamagedBlobError
from cellblock_server.common.errors import DataLossError
from cellblock_server.store.records import FileRecord


async def stored_bytes(
    blobs: BlobStore, file: FileRecord, offset: int = 0, length: int = 0
) -> AsyncIterator[bytes]:
    """Yield a file's bytes, see `BlobStore.read`; raises DataLossError."""
    with _damage_told(file):
        async for data in blobs.read(_blob(file), offset, length):
            yield data


@dataclass(frozen=True)
class StoredInput:
    """A stored file that a sandbox is to read; see `SandboxInput`."""

    blobs: BlobStore
    file: FileRecord

    @property
    def name(self) -> str:
        """Return the file's id: a name that no caller chose."""
        return self.file.id

    @property
    def size(self) -> int:
        """Return the size in bytes."""
        return self.file.bytes

    def read(self) -> AsyncIterator[bytes]:
        """Yield all bytes; raises DataLossError."""
        return stored_bytes(self.blobs, self.file)

    async def link_to(self, destination: Path) -> bool:
        """Link the bytes to `destination`, see `BlobStore.link_to`; raises DataLossError."""
        with _damage_told(self.file):
            return await self.blobs.link_to(_blob(self.file), destination, self.file.tenant)


def _blob(file: FileRecord) -> Blob:
    return Blob(file.sha256, file.bytes)


@contextmanager
def _damage_told(file: FileRecord) -> Iterator[None]:
    try:
        yield
    except DamagedBlobError as error:
        raise DataLossError(
            "FILE_DAMAGED",
            f"file {file.id!r} ({file.filename}) is damaged: {error}; upload the same bytes to "
            "repair it, or delete it",
        ) from error
