"""FileService: what lies in a session's `/mnt/data` now."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, TypeAlias

import grpc

from cellblock.agent.v1 import agent_pb2 as agent_pb
from cellblock.v1 import file_pb2 as pb
from cellblock.v1 import file_pb2_grpc
from cellblock_server.agent.connection import AgentConnection
from cellblock_server.common.errors import OutOfRangeError
from cellblock_server.common.uninterrupted import uninterrupted
from cellblock_server.files.messages import sandbox_path
from cellblock_server.files.paths import data_folder, data_path
from cellblock_server.rpc.caller import tenant
from cellblock_server.rpc.paced import Paced
from cellblock_server.rpc.streams import Pieces, first
from cellblock_server.sessions.manager import SessionManager
from cellblock_server.store import paging
from cellblock_server.tenants.turns import Turns

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"

MAX_LISTED = 1000


class SessionFileCalls(file_pb2_grpc.FileServiceServicer):
    """The calls about live sessions; see `file.proto`."""

    def __init__(self, sessions: SessionManager, turns: Turns, idle_timeout: timedelta) -> None:
        """Serve what lies in `sessions`. Writes take `turns`, and end if they pause for longer."""
        self._sessions = sessions
        self._turns = turns
        self._idle_timeout = idle_timeout

    async def ListSessionFiles(  # noqa: N802
        self, request: pb.ListSessionFilesRequest, context: Context
    ) -> pb.ListSessionFilesResponse:
        """List what lies in `/mnt/data` now."""
        if not 0 <= request.page_size <= MAX_LISTED:
            raise OutOfRangeError(
                "page_size", f"must be 1 to {MAX_LISTED}, or 0 for that, got {request.page_size}"
            )
        folder = data_folder("folder", request.folder)
        after = paging.path(request.page_token)
        size = request.page_size or MAX_LISTED
        async with self._agent(request.session_id) as agent:
            listing = await agent.list_files(size, folder, after)
        files = listing.files[:size]
        token = paging.token_after(files[-1].path) if listing.more and files else ""
        return pb.ListSessionFilesResponse(
            files=map(_session_file, files),
            next_page_token=token,
            incomplete=listing.incomplete,
        )

    async def ReadSessionFile(  # noqa: N802
        self, request: pb.ReadSessionFileRequest, context: Context
    ) -> AsyncIterator[pb.ReadSessionFileResponse]:
        """Stream the bytes of a file in `/mnt/data`."""
        path = data_path("path", request.path)
        for field in ("offset", "length"):
            if (value := getattr(request, field)) < 0:
                raise OutOfRangeError(field, f"must be at least 0, got {value}")
        async with self._agent(request.session_id) as agent:
            async for chunk in agent.read_file(path, request.offset, request.length):
                yield pb.ReadSessionFileResponse(data=chunk)

    async def WriteSessionFile(  # noqa: N802
        self, request_iterator: AsyncIterator[pb.WriteSessionFileRequest], context: Context
    ) -> pb.WriteSessionFileResponse:
        """Write a file in `/mnt/data`."""
        requests = Paced(request_iterator, self._idle_timeout)
        target = (await first(requests, "target")).target
        path = data_path("target.path", target.path)
        async with self._turns.turn(tenant()), self._agent(target.session_id) as agent:
            entry = await agent.write_file(path, aiter(Pieces(requests)))
        return pb.WriteSessionFileResponse(file=_session_file(entry))

    async def DeleteSessionFile(  # noqa: N802
        self, request: pb.DeleteSessionFileRequest, context: Context
    ) -> pb.DeleteSessionFileResponse:
        """Remove a file or folder from `/mnt/data`."""
        path = data_path("path", request.path)
        async with self._agent(request.session_id) as agent:
            await uninterrupted(agent.remove_file(path, recursive=request.recursive))
        return pb.DeleteSessionFileResponse()

    async def CreateSessionFolder(  # noqa: N802
        self, request: pb.CreateSessionFolderRequest, context: Context
    ) -> pb.CreateSessionFolderResponse:
        """Make a folder in `/mnt/data`."""
        path = data_path("path", request.path.rstrip("/"))
        async with self._agent(request.session_id) as agent:
            entry = await agent.make_folder(path)
        return pb.CreateSessionFolderResponse(folder=_session_file(entry))

    async def DownloadSessionFolder(  # noqa: N802
        self, request: pb.DownloadSessionFolderRequest, context: Context
    ) -> AsyncIterator[pb.DownloadSessionFolderResponse]:
        """Stream a folder of `/mnt/data` as a ZIP archive."""
        path = data_folder("path", request.path)
        async with self._agent(request.session_id) as agent:
            async for chunk in agent.read_folder(path):
                yield pb.DownloadSessionFolderResponse(data=chunk)

    @asynccontextmanager
    async def _agent(self, session_id: str) -> AsyncIterator[AgentConnection]:
        async with self._sessions.using(tenant(), session_id) as live:
            yield live.agent


def _session_file(entry: agent_pb.FileEntry) -> pb.SessionFile:
    return pb.SessionFile(
        path=sandbox_path(entry.path),
        bytes=entry.bytes,
        modify_time=entry.modify_time,
        is_folder=entry.is_folder,
    )
