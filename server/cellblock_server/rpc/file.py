"""FileService: requests to calls of `files/`, and back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, TypeAlias

import grpc

from cellblock.v1 import file_pb2 as pb
from cellblock_server.app.draining import end_when_draining
from cellblock_server.common.errors import InvalidArgumentError
from cellblock_server.common.uninterrupted import uninterrupted
from cellblock_server.files.attachments import (
    Attached,
    AttachmentService,
    Place,
    WantedAttachment,
)
from cellblock_server.files.file_service import FileService
from cellblock_server.files.messages import file_message
from cellblock_server.files.names import safe_text
from cellblock_server.files.uploads import Upload, UploadService
from cellblock_server.rpc.caller import tenant
from cellblock_server.rpc.paced import IDLE_TIMEOUT, Paced
from cellblock_server.rpc.session import span
from cellblock_server.rpc.session_file import SessionFileCalls
from cellblock_server.rpc.streams import Pieces, first
from cellblock_server.sessions.manager import SessionManager
from cellblock_server.store.records import FileFilter, FilePurpose
from cellblock_server.tenants.turns import Turns

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"

MAX_SKIPPED = 100
"""Entries of an archive that are named because they were left out."""


class FileServicer(SessionFileCalls):
    """See `file.proto`. The calls about `/mnt/data` are those of `SessionFileCalls`."""

    def __init__(
        self,
        files: FileService,
        uploads: UploadService,
        attachments: AttachmentService,
        sessions: SessionManager,
        turns: Turns | None = None,
        idle_timeout: timedelta = IDLE_TIMEOUT,
    ) -> None:
        """Serve these; wait `idle_timeout` for each message of an upload or a write."""
        super().__init__(sessions, turns or Turns(), idle_timeout)
        self._files = files
        self._uploads = uploads
        self._attachments = attachments

    async def UploadFile(  # noqa: N802
        self, request_iterator: AsyncIterator[pb.UploadFileRequest], context: Context
    ) -> pb.UploadFileResponse:
        """Store a file."""
        requests = Paced(request_iterator, self._idle_timeout)
        metadata = (await first(requests, "metadata")).metadata
        if metadata.upload_id:
            end_when_draining()
        record = await self._uploads.upload(tenant(), _upload(metadata), Pieces(requests))
        return pb.UploadFileResponse(file=file_message(record))

    async def GetUpload(  # noqa: N802
        self, request: pb.GetUploadRequest, context: Context
    ) -> pb.GetUploadResponse:
        """Tell how far an upload is."""
        progress = await self._uploads.progress(tenant(), request.upload_id)
        response = pb.GetUploadResponse(received_bytes=progress.received_bytes)
        response.expire_time.FromDatetime(progress.record.expire_time)
        if progress.file is not None:
            response.file.CopyFrom(file_message(progress.file))
        return response

    async def GetFile(self, request: pb.GetFileRequest, context: Context) -> pb.GetFileResponse:  # noqa: N802
        """Get a file's metadata."""
        record = await self._files.get(tenant(), request.file_id)
        return pb.GetFileResponse(file=file_message(record))

    async def ListFiles(  # noqa: N802
        self, request: pb.ListFilesRequest, context: Context
    ) -> pb.ListFilesResponse:
        """List files."""
        wanted = FileFilter(
            session_id=request.session_id,
            execution_id=request.execution_id,
            filename=request.filename,
            purpose=_purpose("purpose", request.purpose),
            oldest_first=_oldest_first(request.order),
        )
        page = await self._files.list(tenant(), wanted, request.page_size, request.page_token)
        return pb.ListFilesResponse(
            files=map(file_message, page.items), next_page_token=page.next_token
        )

    async def DownloadFile(  # noqa: N802
        self, request: pb.DownloadFileRequest, context: Context
    ) -> AsyncIterator[pb.DownloadFileResponse]:
        """Stream a file's bytes."""
        record = await self._files.get(tenant(), request.file_id)
        chunks = self._files.read(record, request.offset, request.length)
        yield pb.DownloadFileResponse(file=file_message(record))
        async for chunk in chunks:
            yield pb.DownloadFileResponse(data=chunk)

    async def DeleteFile(  # noqa: N802
        self, request: pb.DeleteFileRequest, context: Context
    ) -> pb.DeleteFileResponse:
        """Forget a file."""
        await uninterrupted(self._files.delete(tenant(), request.file_id))
        return pb.DeleteFileResponse()

    async def AttachFile(  # noqa: N802
        self, request: pb.AttachFileRequest, context: Context
    ) -> pb.AttachFileResponse:
        """Make a file available in a session."""
        wanted = request.attachment
        async with self._place(request.session_id) as place:
            file = await self._files.get(tenant(), wanted.file_id)
            attachment = WantedAttachment(file, wanted.filename, wanted.unpack)
            attached = await uninterrupted(self._attachments.attach(place, attachment))
        return _attached_message(attached)

    async def DetachFile(  # noqa: N802
        self, request: pb.DetachFileRequest, context: Context
    ) -> pb.DetachFileResponse:
        """Remove an attachment from a session."""
        async with self._place(request.session_id) as place:
            await uninterrupted(self._attachments.detach(place, request.file_id))
        return pb.DetachFileResponse()

    @asynccontextmanager
    async def _place(self, session_id: str) -> AsyncIterator[Place]:
        async with self._sessions.using(tenant(), session_id) as live:
            yield Place(live.record.tenant, live.record.id, live.sandbox, live.agent)


def _upload(metadata: pb.UploadFileMetadata) -> Upload:
    return Upload(
        filename=metadata.filename,
        bytes=metadata.bytes if metadata.HasField("bytes") else None,
        sha256=metadata.sha256,
        purpose=_purpose("metadata.purpose", metadata.purpose) or FilePurpose.ASSISTANTS,
        expires_after=span("expires_after", metadata, metadata.expires_after),
        upload_id=metadata.upload_id,
        offset=metadata.offset,
    )


def _purpose(field: str, value: int) -> FilePurpose | None:
    if value == pb.FILE_PURPOSE_UNSPECIFIED:
        return None
    try:
        return FilePurpose(value)
    except ValueError as error:
        raise InvalidArgumentError(field, f"{value} is not a purpose") from error


def _oldest_first(order: int) -> bool:
    if order not in pb.ListOrder.values():
        raise InvalidArgumentError("order", f"{order} is not an order")
    return order == pb.LIST_ORDER_ASCENDING


def _attached_message(attached: Attached) -> pb.AttachFileResponse:
    """Where an attachment is. What an agent says of an archive is made safe."""
    message = pb.AttachFileResponse(path=attached.path, copied=attached.copied)
    if (unpacked := attached.unpacked) is not None:
        message.unpacked.files = unpacked.files
        message.unpacked.bytes = unpacked.bytes
        message.unpacked.skipped.extend(
            pb.SkippedEntry(path=safe_text(item.path), reason=safe_text(item.reason))
            for item in unpacked.skipped[:MAX_SKIPPED]
        )
    return message
