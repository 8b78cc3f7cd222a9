"""FileService: translates between requests and use cases of session files."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import timedelta
from typing import Any, TypeAlias

import grpc

from cellblock.v1 import file_pb2 as pb
from cellblock.v1 import file_pb2_grpc
from cellblock_server.app.session_files import SessionFileUseCases
from cellblock_server.files.session_file import SessionFile
from cellblock_server.rpc.caller import tenant
from cellblock_server.rpc.paced import Paced
from cellblock_server.rpc.streams import Pieces, first

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"


class SessionFileCalls(file_pb2_grpc.FileServiceServicer):
    """Calls about files of live sessions; see `file.proto`."""

    def __init__(self, session_files: SessionFileUseCases, idle_timeout: timedelta) -> None:
        """Translate to and from `session_files`; writes end if they pause for longer."""
        self._session_files = session_files
        self._idle_timeout = idle_timeout

    async def ListSessionFiles(  # noqa: N802
        self, request: pb.ListSessionFilesRequest, context: Context
    ) -> pb.ListSessionFilesResponse:
        """Return a page of the files in `/mnt/data`."""
        page = await self._session_files.list(
            tenant(),
            request.session_id,
            request.folder,
            request.page_size,
            request.page_token,
            request.depth,
        )
        return pb.ListSessionFilesResponse(
            files=map(_session_file, page.files),
            next_page_token=page.next_token,
            incomplete=page.incomplete,
        )

    async def ReadSessionFile(  # noqa: N802
        self, request: pb.ReadSessionFileRequest, context: Context
    ) -> AsyncIterator[pb.ReadSessionFileResponse]:
        """Stream the bytes of a file in `/mnt/data`."""
        reading = self._session_files.read(
            tenant(), request.session_id, request.path, request.offset, request.length
        )
        async with aclosing(reading) as chunks:
            async for chunk in chunks:
                yield pb.ReadSessionFileResponse(data=chunk)

    async def WriteSessionFile(  # noqa: N802
        self, request_iterator: AsyncIterator[pb.WriteSessionFileRequest], context: Context
    ) -> pb.WriteSessionFileResponse:
        """Write a file in `/mnt/data`."""
        requests = Paced(request_iterator, self._idle_timeout)
        target = (await first(requests, "target")).target
        file = await self._session_files.write(
            tenant(),
            target.session_id,
            target.path,
            aiter(Pieces(requests)),
            target.mode if target.HasField("mode") else None,
        )
        return pb.WriteSessionFileResponse(file=_session_file(file))

    async def DeleteSessionFile(  # noqa: N802
        self, request: pb.DeleteSessionFileRequest, context: Context
    ) -> pb.DeleteSessionFileResponse:
        """Remove a file or folder from `/mnt/data`."""
        await self._session_files.delete(
            tenant(), request.session_id, request.path, recursive=request.recursive
        )
        return pb.DeleteSessionFileResponse()

    async def StatSessionFile(  # noqa: N802
        self, request: pb.StatSessionFileRequest, context: Context
    ) -> pb.StatSessionFileResponse:
        """Describe a file, folder or link in `/mnt/data`."""
        file = await self._session_files.stat(tenant(), request.session_id, request.path)
        return pb.StatSessionFileResponse(file=_session_file(file))

    async def MoveSessionFile(  # noqa: N802
        self, request: pb.MoveSessionFileRequest, context: Context
    ) -> pb.MoveSessionFileResponse:
        """Rename or move a file, folder or link in `/mnt/data`."""
        file = await self._session_files.move(
            tenant(),
            request.session_id,
            request.path,
            request.new_path,
            overwrite=request.overwrite,
        )
        return pb.MoveSessionFileResponse(file=_session_file(file))

    async def SetSessionFileMode(  # noqa: N802
        self, request: pb.SetSessionFileModeRequest, context: Context
    ) -> pb.SetSessionFileModeResponse:
        """Set the permissions of a file or folder in `/mnt/data`."""
        file = await self._session_files.set_mode(
            tenant(), request.session_id, request.path, request.mode
        )
        return pb.SetSessionFileModeResponse(file=_session_file(file))

    async def CreateSessionFolder(  # noqa: N802
        self, request: pb.CreateSessionFolderRequest, context: Context
    ) -> pb.CreateSessionFolderResponse:
        """Make a folder in `/mnt/data`."""
        folder = await self._session_files.create_folder(tenant(), request.session_id, request.path)
        return pb.CreateSessionFolderResponse(folder=_session_file(folder))

    async def DownloadSessionFolder(  # noqa: N802
        self, request: pb.DownloadSessionFolderRequest, context: Context
    ) -> AsyncIterator[pb.DownloadSessionFolderResponse]:
        """Stream a folder of `/mnt/data` as a ZIP archive."""
        reading = self._session_files.read_folder(tenant(), request.session_id, request.path)
        async with aclosing(reading) as chunks:
            async for chunk in chunks:
                yield pb.DownloadSessionFolderResponse(data=chunk)


def _session_file(file: SessionFile) -> pb.SessionFile:
    message = pb.SessionFile(
        path=file.path,
        bytes=file.bytes,
        is_folder=file.is_folder,
        type=_type(file),
        mode=file.mode,
        link_target=file.link_target,
    )
    message.modify_time.FromNanoseconds(file.modify_time_ns)
    return message


def _type(file: SessionFile) -> pb.SessionFileType.ValueType:
    if file.is_link:
        return pb.SESSION_FILE_TYPE_LINK
    return pb.SESSION_FILE_TYPE_FOLDER if file.is_folder else pb.SESSION_FILE_TYPE_FILE
