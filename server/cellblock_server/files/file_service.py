"""Stored files: lookup, reading and deletion."""

from collections.abc import AsyncIterator

import structlog

from cellblock_server.blobs.blob_store import BlobStore
from cellblock_server.common.errors import NotFoundError, OutOfRangeError, UnavailableError
from cellblock_server.files.stored import stored_bytes
from cellblock_server.store.files import FileStore
from cellblock_server.store.records import FileFilter, FileRecord, Page

log = structlog.get_logger(__name__)


class FileService:
    """Looks up, reads and deletes files."""

    def __init__(self, store: FileStore, blobs: BlobStore) -> None:
        """Use metadata in `store` and bytes in `blobs`."""
        self._store = store
        self._blobs = blobs

    async def get(self, tenant: str, file_id: str) -> FileRecord:
        """Return a file. Raises NotFoundError."""
        record = await self._store.find_file(tenant, file_id)
        if record is None:
            raise NotFoundError("file", file_id)
        return record

    async def list(
        self, tenant: str, wanted: FileFilter, size: int, token: str
    ) -> Page[FileRecord]:
        """Return a page of files, in order of creation time."""
        return await self._store.list(tenant, wanted, size, token)

    def read(self, record: FileRecord, offset: int, length: int) -> AsyncIterator[bytes]:
        """Yield a file's bytes, or a range. Raises OutOfRangeError and DataLossError."""
        if not 0 <= offset <= record.bytes:
            raise OutOfRangeError("offset", f"must be 0 to {record.bytes}, got {offset}")
        if not 0 <= length <= record.bytes - offset:
            raise OutOfRangeError(
                "length", f"must be 0 to {record.bytes - offset} from there, got {length}"
            )
        return stored_bytes(self._blobs, record, offset, length)

    async def delete(self, tenant: str, file_id: str) -> None:
        """Delete a file. Raises NotFoundError. Sessions that it is attached to keep their copy."""
        record = await self.get(tenant, file_id)
        await self._store.delete(file_id)
        try:
            await self._blobs.delete_unless(record.sha256, self._store.is_referenced)
        except UnavailableError as error:
            # The metadata is gone, so a retry would find no file. Retention removes the bytes.
            log.warning("bytes_not_deleted", file_id=file_id, detail=str(error))
