"""FileService: translates between requests and use cases of stored files."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, TypeAlias

import grpc

from cellblock.v1 import file_pb2 as pb
from cellblock_server.app.files import AttachedFile, FileUseCases
from cellblock_server.app.session_files import SessionFileUseCases
from cellblock_server.common.errors import InvalidArgumentError
from cellblock_server.files.messages import file_message
from cellblock_server.files.uploads import Upload
from cellblock_server.rpc.caller import tenant
from cellblock_server.rpc.paced import IDLE_TIMEOUT, Paced
from cellblock_server.rpc.session import span
from cellblock_server.rpc.session_file import SessionFileCalls
from cellblock_server.rpc.streams import Pieces, first
from cellblock_server.store.records import FileFilter, FilePurpose

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"


class FileServicer(SessionFileCalls):
    """See `file.proto`. The calls about `/mnt/data` are those of `SessionFileCalls`."""

    def __init__(
        self,
        files: FileUseCases,
        session_files: SessionFileUseCases,
        idle_timeout: timedelta = IDLE_TIMEOUT,
    ) -> None:
        """Translate to and from these; wait `idle_timeout` for each message of a stream."""
        super().__init__(session_files, idle_timeout)
        self._files = files

    async def UploadFile(  # noqa: N802
        self, request_iterator: AsyncIterator[pb.UploadFileRequest], context: Context
    ) -> pb.UploadFileResponse:
        """Store an uploaded file."""
        requests = Paced(request_iterator, self._idle_timeout)
        metadata = (await first(requests, "metadata")).metadata
        record = await self._files.upload(tenant(), _upload(metadata), Pieces(requests))
        return pb.UploadFileResponse(file=file_message(record))

    async def GetUpload(  # noqa: N802
        self, request: pb.GetUploadRequest, context: Context
    ) -> pb.GetUploadResponse:
        """Return the progress of an upload."""
        progress = await self._files.upload_progress(tenant(), request.upload_id)
        response = pb.GetUploadResponse(received_bytes=progress.received_bytes)
        response.expire_time.FromDatetime(progress.record.expire_time)
        if progress.file is not None:
            response.file.CopyFrom(file_message(progress.file))
        return response

    async def GetFile(self, request: pb.GetFileRequest, context: Context) -> pb.GetFileResponse:  # noqa: N802
        """Return a file's metadata."""
        record = await self._files.get(tenant(), request.file_id)
        return pb.GetFileResponse(file=file_message(record))

    async def ListFiles(  # noqa: N802
        self, request: pb.ListFilesRequest, context: Context
    ) -> pb.ListFilesResponse:
        """Return a page of files."""
        page = await self._files.list(
            tenant(), _filter(request), request.page_size, request.page_token
        )
        return pb.ListFilesResponse(
            files=map(file_message, page.items), next_page_token=page.next_token
        )

    async def DownloadFile(  # noqa: N802
        self, request: pb.DownloadFileRequest, context: Context
    ) -> AsyncIterator[pb.DownloadFileResponse]:
        """Stream a file's bytes."""
        record, chunks = await self._files.read(
            tenant(), request.file_id, request.offset, request.length
        )
        yield pb.DownloadFileResponse(file=file_message(record))
        async for chunk in chunks:
            yield pb.DownloadFileResponse(data=chunk)

    async def DeleteFile(  # noqa: N802
        self, request: pb.DeleteFileRequest, context: Context
    ) -> pb.DeleteFileResponse:
        """Delete a file."""
        await self._files.delete(tenant(), request.file_id)
        return pb.DeleteFileResponse()

    async def AttachFile(  # noqa: N802
        self, request: pb.AttachFileRequest, context: Context
    ) -> pb.AttachFileResponse:
        """Attach a file to a session."""
        wanted = request.attachment
        attached = await self._files.attach(
            tenant(), request.session_id, wanted.file_id, wanted.filename, unpack=wanted.unpack
        )
        return _attached_message(attached)

    async def DetachFile(  # noqa: N802
        self, request: pb.DetachFileRequest, context: Context
    ) -> pb.DetachFileResponse:
        """Remove an attachment from a session."""
        await self._files.detach(tenant(), request.session_id, request.file_id)
        return pb.DetachFileResponse()


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
        raise InvalidArgumentError(field, f"unknown purpose {value}") from error


def _oldest_first(order: int) -> bool:
    if order not in pb.ListOrder.values():
        raise InvalidArgumentError("order", f"unknown order {order}")
    return order == pb.LIST_ORDER_ASCENDING


def _filter(request: pb.ListFilesRequest) -> FileFilter:
    return FileFilter(
        session_id=request.session_id,
        execution_id=request.execution_id,
        filename=request.filename,
        purpose=_purpose("purpose", request.purpose),
        oldest_first=_oldest_first(request.order),
    )


def _attached_message(attached: AttachedFile) -> pb.AttachFileResponse:
    message = pb.AttachFileResponse(path=attached.path, copied=attached.copied)
    if (unpacked := attached.unpacked) is not None:
        message.unpacked.files = unpacked.files
        message.unpacked.bytes = unpacked.bytes
        message.unpacked.skipped.extend(
            pb.SkippedEntry(path=item.path, reason=item.reason) for item in unpacked.skipped
        )
    return message
