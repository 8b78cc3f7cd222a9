"""The rules of files: stored once they are whole, and attached under safe names."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import structlog

from cellblock_server.clock import Clock
from cellblock_server.errors import (
    AlreadyExistsError,
    InvalidArgumentError,
    NotFoundError,
    OutOfRangeError,
)
from cellblock_server.files.blobs import BlobStore
from cellblock_server.files.messages import sandbox_path
from cellblock_server.files.mime import guess_type
from cellblock_server.files.names import check_filename
from cellblock_server.ids import new_id
from cellblock_server.sandbox.agent_connection import AgentConnection
from cellblock_server.sandbox.backend import Sandbox
from cellblock_server.store.files import FileStore
from cellblock_server.store.records import AttachmentRecord, FilePurpose, FileRecord, Page

HEAD_BYTES = 4096
"""How much of a file is looked at to tell its type."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Upload:
    """What a caller says of a file before its bytes."""

    filename: str
    bytes: int | None
    sha256: str
    """Empty if the caller does not know."""


@dataclass(frozen=True)
class FileBounds:
    """What the operator allows."""

    max_upload_bytes: int
    small_file_bytes: int
    """Up to this size an attachment is the session's own copy; past it, a read-only link."""


class FileService:
    """Stores, finds, attaches and forgets files."""

    def __init__(self, store: FileStore, blobs: BlobStore, bounds: FileBounds, now: Clock) -> None:
        """Keep metadata in `store` and bytes in `blobs`."""
        self._store = store
        self._blobs = blobs
        self._bounds = bounds
        self._now = now

    async def upload(self, tenant: str, upload: Upload, chunks: AsyncIterator[bytes]) -> FileRecord:
        """Store a file. Raises InvalidArgumentError or OutOfRangeError; leaves nothing then."""
        filename = check_filename("metadata.filename", upload.filename)
        limit = self._bounds.max_upload_bytes
        if upload.bytes is not None and not 0 <= upload.bytes <= limit:
            raise OutOfRangeError("metadata.bytes", f"must be 0 to {limit}, got {upload.bytes}")
        blob = await self._blobs.write(chunks, max_bytes=limit, field="data")
        if upload.bytes is not None and blob.size != upload.bytes:
            raise InvalidArgumentError(
                "metadata.bytes", f"says {upload.bytes}, but {blob.size} bytes came"
            )
        if upload.sha256 and blob.sha256 != upload.sha256.lower():
            raise InvalidArgumentError(
                "metadata.sha256", f"says {upload.sha256[:64]!r}, but the bytes have {blob.sha256}"
            )
        record = FileRecord(
            id=new_id("file-"),
            tenant=tenant,
            filename=filename,
            bytes=blob.size,
            mime_type=guess_type(filename, await self._head(blob.sha256)),
            sha256=blob.sha256,
            purpose=FilePurpose.ASSISTANTS,
            create_time=self._now(),
        )
        await self._store.insert(record)
        return record

    async def get(self, tenant: str, file_id: str) -> FileRecord:
        """A file. Raises NotFoundError."""
        record = await self._store.find(tenant, file_id)
        if record is None:
            raise NotFoundError("file", file_id)
        return record

    async def list(
        self,
        tenant: str,
        session_id: str,
        purpose: FilePurpose | None,
        size: int,
        token: str,
    ) -> Page[FileRecord]:
        """A page of files, newest first."""
        return await self._store.list(tenant, session_id, purpose, size, token)

    def read(self, record: FileRecord, offset: int, length: int) -> AsyncIterator[bytes]:
        """A file's bytes, or a range. Raises OutOfRangeError past the end."""
        if not 0 <= offset <= record.bytes:
            raise OutOfRangeError("offset", f"must be 0 to {record.bytes}, got {offset}")
        if not 0 <= length <= record.bytes - offset:
            raise OutOfRangeError(
                "length", f"must be 0 to {record.bytes - offset} from there, got {length}"
            )
        return self._blobs.read(record.sha256, offset, length)

    async def delete(self, tenant: str, file_id: str) -> None:
        """Forget a file. Raises NotFoundError. Sessions it is attached to keep their copy."""
        await self.get(tenant, file_id)
        await self._store.delete(file_id)

    async def sweep(self) -> None:
        """Remove bytes that no file has; called at start, before anything is stored."""
        async for sha256 in self._blobs.hashes():
            if not await self._store.is_referenced(sha256):
                await self._blobs.delete(sha256)

    async def attach(
        self,
        session_id: str,
        sandbox: Sandbox,
        agent: AgentConnection,
        file: FileRecord,
        filename: str,
    ) -> str:
        """Make a file available in a sandbox; its path there.

        Attaching it again under the same name changes nothing. Raises
        AlreadyExistsError if the name is taken.
        """
        name = check_filename("attachment.filename", filename or file.filename)
        known = await self._store.find_attachment(session_id, file.id)
        if known is not None:
            if known.filename != name:
                raise AlreadyExistsError(
                    "attachment", file.id, f"is attached already, as {known.filename!r}"
                )
            return sandbox_path(name)
        record = AttachmentRecord(session_id, file.id, name)
        await self._store.attach(record)
        try:
            await self._bring_in(sandbox, agent, file, name)
        except BaseException:
            await self._store.detach(session_id, file.id)
            raise
        return sandbox_path(name)

    async def detach(self, session_id: str, agent: AgentConnection, file_id: str) -> None:
        """Remove an attachment from a sandbox. Raises NotFoundError if it is not attached."""
        record = await self._store.find_attachment(session_id, file_id)
        if record is None:
            raise NotFoundError("attachment", file_id)
        for path in (record.filename, file_id):
            try:
                await agent.remove_file(path)
            except NotFoundError:
                log.info(
                    "attachment_was_removed_in_sandbox", session_id=session_id, file_id=file_id
                )
        await self._store.detach(session_id, file_id)

    async def _bring_in(
        self, sandbox: Sandbox, agent: AgentConnection, file: FileRecord, name: str
    ) -> None:
        if file.bytes <= self._bounds.small_file_bytes:
            data = self._blobs.read(file.sha256, 0, 0)
            await agent.write_file(name, data, exclusive=True, alias=file.id)
            return
        linked = await self._blobs.link_to(file.sha256, sandbox.inputs_folder / file.id)
        if not linked:
            log.warning("attachment_copied", file_id=file.id, bytes=file.bytes)
        await agent.link_input(file.id, name, alias=file.id)

    async def _head(self, sha256: str) -> bytes:
        return b"".join([chunk async for chunk in self._blobs.read(sha256, 0, HEAD_BYTES)])
