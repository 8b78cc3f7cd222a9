"""FileService: requests to calls of `files/`, and back."""

from collections.abc import AsyncIterator
from pathlib import PurePosixPath
from typing import Any, TypeAlias, TypeVar

import grpc

from cellblock.agent.v1 import agent_pb2 as agent_pb
from cellblock.v1 import file_pb2 as pb
from cellblock.v1 import file_pb2_grpc
from cellblock_server.errors import InvalidArgumentError, OutOfRangeError
from cellblock_server.files.messages import DATA_FOLDER, file_message, sandbox_path
from cellblock_server.files.names import check_filename
from cellblock_server.files.service import FileService, Upload
from cellblock_server.rpc.caller import DEFAULT_TENANT
from cellblock_server.sessions.manager import SessionManager
from cellblock_server.store.records import FilePurpose
from cellblock_server.uninterrupted import uninterrupted

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"

MAX_CHUNK = 2**20
MAX_LISTED = 1000
MAX_PATH_BYTES = 1024


class FileServicer(file_pb2_grpc.FileServiceServicer):
    """See `file.proto`."""

    def __init__(self, files: FileService, sessions: SessionManager) -> None:
        """Serve `files`, and what lies in `sessions`."""
        self._files = files
        self._sessions = sessions

    async def UploadFile(  # noqa: N802
        self, request_iterator: AsyncIterator[pb.UploadFileRequest], context: Context
    ) -> pb.UploadFileResponse:
        """Store a file."""
        metadata = (await _first(request_iterator, "metadata")).metadata
        upload = Upload(
            filename=metadata.filename,
            bytes=metadata.bytes if metadata.HasField("bytes") else None,
            sha256=metadata.sha256,
        )
        record = await self._files.upload(DEFAULT_TENANT, upload, _data(request_iterator))
        return pb.UploadFileResponse(file=file_message(record))

    async def GetFile(self, request: pb.GetFileRequest, context: Context) -> pb.GetFileResponse:  # noqa: N802
        """Get a file's metadata."""
        record = await self._files.get(DEFAULT_TENANT, request.file_id)
        return pb.GetFileResponse(file=file_message(record))

    async def ListFiles(  # noqa: N802
        self, request: pb.ListFilesRequest, context: Context
    ) -> pb.ListFilesResponse:
        """List files."""
        page = await self._files.list(
            DEFAULT_TENANT,
            request.session_id,
            _purpose(request.purpose),
            request.page_size,
            request.page_token,
        )
        return pb.ListFilesResponse(
            files=map(file_message, page.items), next_page_token=page.next_token
        )

    async def DownloadFile(  # noqa: N802
        self, request: pb.DownloadFileRequest, context: Context
    ) -> AsyncIterator[pb.DownloadFileResponse]:
        """Stream a file's bytes."""
        record = await self._files.get(DEFAULT_TENANT, request.file_id)
        chunks = self._files.read(record, request.offset, request.length)
        yield pb.DownloadFileResponse(file=file_message(record))
        async for chunk in chunks:
            yield pb.DownloadFileResponse(data=chunk)

    async def DeleteFile(  # noqa: N802
        self, request: pb.DeleteFileRequest, context: Context
    ) -> pb.DeleteFileResponse:
        """Forget a file."""
        await self._files.delete(DEFAULT_TENANT, request.file_id)
        return pb.DeleteFileResponse()

    async def AttachFile(  # noqa: N802
        self, request: pb.AttachFileRequest, context: Context
    ) -> pb.AttachFileResponse:
        """Make a file available in a session."""
        wanted = request.attachment
        live = await self._sessions.use(DEFAULT_TENANT, request.session_id)
        file = await self._files.get(DEFAULT_TENANT, wanted.file_id)
        path = await uninterrupted(
            self._files.attach(live.record.id, live.sandbox, live.agent, file, wanted.filename)
        )
        return pb.AttachFileResponse(path=path)

    async def DetachFile(  # noqa: N802
        self, request: pb.DetachFileRequest, context: Context
    ) -> pb.DetachFileResponse:
        """Remove an attachment from a session."""
        live = await self._sessions.use(DEFAULT_TENANT, request.session_id)
        await uninterrupted(self._files.detach(live.record.id, live.agent, request.file_id))
        return pb.DetachFileResponse()

    async def ListSessionFiles(  # noqa: N802
        self, request: pb.ListSessionFilesRequest, context: Context
    ) -> pb.ListSessionFilesResponse:
        """List what lies in `/mnt/data` now."""
        live = await self._sessions.use(DEFAULT_TENANT, request.session_id)
        listing = await live.agent.list_files(MAX_LISTED)
        return pb.ListSessionFilesResponse(
            files=map(_session_file, listing.files), incomplete=listing.more
        )

    async def ReadSessionFile(  # noqa: N802
        self, request: pb.ReadSessionFileRequest, context: Context
    ) -> AsyncIterator[pb.ReadSessionFileResponse]:
        """Stream the bytes of a file in `/mnt/data`."""
        path = data_path("path", request.path)
        live = await self._sessions.use(DEFAULT_TENANT, request.session_id)
        async for chunk in live.agent.read_file(path, request.offset, request.length):
            yield pb.ReadSessionFileResponse(data=chunk)

    async def WriteSessionFile(  # noqa: N802
        self, request_iterator: AsyncIterator[pb.WriteSessionFileRequest], context: Context
    ) -> pb.WriteSessionFileResponse:
        """Write a file in `/mnt/data`."""
        target = (await _first(request_iterator, "target")).target
        path = data_path("target.path", target.path)
        live = await self._sessions.use(DEFAULT_TENANT, target.session_id)
        entry = await live.agent.write_file(path, _data(request_iterator))
        return pb.WriteSessionFileResponse(file=_session_file(entry))


def data_path(name: str, path: str) -> str:
    """A path below `/mnt/data`, relative to it.

    Raises InvalidArgumentError for one that leads elsewhere or nowhere.
    """
    relative = path.removeprefix(f"{DATA_FOLDER}/")
    if len(relative.encode()) > MAX_PATH_BYTES:
        raise InvalidArgumentError(name, f"must be at most {MAX_PATH_BYTES} bytes")
    if not relative or relative.startswith("/"):
        raise InvalidArgumentError(name, f"must be below {DATA_FOLDER}, got {path!r}")
    for part in relative.split("/"):
        check_filename(name, part)
    return str(PurePosixPath(relative))


def _session_file(entry: agent_pb.FileEntry) -> pb.SessionFile:
    return pb.SessionFile(
        path=sandbox_path(entry.path), bytes=entry.bytes, modify_time=entry.modify_time
    )


def _purpose(value: int) -> FilePurpose | None:
    if value == pb.FILE_PURPOSE_UNSPECIFIED:
        return None
    try:
        return FilePurpose(value)
    except ValueError as error:
        raise InvalidArgumentError("purpose", f"{value} is not a purpose") from error


Piece = TypeVar("Piece", pb.UploadFileRequest, pb.WriteSessionFileRequest)


async def _first(requests: AsyncIterator[Piece], name: str) -> Piece:
    async for request in requests:
        if request.WhichOneof("payload") == name:
            return request
        break
    raise InvalidArgumentError(name, "must be the first message of the stream")


async def _data(requests: AsyncIterator[Piece]) -> AsyncIterator[bytes]:
    async for request in requests:
        if request.WhichOneof("payload") == "end":
            return
        if request.WhichOneof("payload") != "data":
            raise InvalidArgumentError("data", "must be every message but the first and last")
        if len(request.data) > MAX_CHUNK:
            raise OutOfRangeError(
                "data", f"must be at most {MAX_CHUNK} bytes a message, got {len(request.data)}"
            )
        yield request.data
    # gRPC ends the requests of a cancelled call as it ends complete ones.
    raise InvalidArgumentError("end", "must be the last message: the stream broke off")
