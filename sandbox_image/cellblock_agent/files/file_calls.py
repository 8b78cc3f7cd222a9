"""Calls of the agent's service that concern files. See `agent.proto`."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, BinaryIO

from cellblock.agent.v1 import agent_pb2 as pb
from cellblock.agent.v1 import agent_pb2_grpc
from cellblock_agent.files.aliases import Aliases
from cellblock_agent.files.changes import ChangeTracker
from cellblock_agent.files.data_folder import DataFolder
from cellblock_agent.files.folder_archive import zip_folder
from cellblock_agent.files.input_copies import InputCopies
from cellblock_agent.files.listing import list_page, stat_entry
from cellblock_agent.files.new_entries import NewFile
from cellblock_agent.files.report import file_entry, folder_entry
from cellblock_agent.files.statuses import (
    FULL,
    ChangedError,
    Context,
    InvalidRequestError,
    Statuses,
)
from cellblock_agent.files.unpacking import Unpacker
from cellblock_agent.output.text import escape_unprintable

if TYPE_CHECKING:
    from _hashlib import HASH as Hash  # noqa: N811 - a type without a public name

CHUNK_BYTES = 2**20
MAX_MODE = 0o777


class FileCalls(agent_pb2_grpc.AgentServiceServicer):
    """Part of the service that handles calls about files; blocking work runs in threads."""

    def __init__(
        self,
        folder: DataFolder,
        changes: ChangeTracker,
        aliases: Aliases,
        copies: InputCopies,
        unpacker: Unpacker,
    ) -> None:
        """Serve `folder`; changes by the server are excluded from `changes`."""
        self._folder = folder
        self._changes = changes
        self._aliases = aliases
        self._copies = copies
        self._unpacker = unpacker

    async def WriteFile(  # noqa: N802
        self, request_iterator: AsyncIterator[pb.WriteFileRequest], context: Context
    ) -> pb.WriteFileResponse:
        """Write a file: it appears complete, or not at all."""
        async with Statuses(context):
            try:
                return pb.WriteFileResponse(file=await self._write(request_iterator))
            except Exception:
                # Otherwise the caller's gRPC loses the status of a call that ends while it still
                # sends.
                async for _request in request_iterator:
                    pass
                raise

    async def LinkInput(  # noqa: N802
        self, request: pb.LinkInputRequest, context: Context
    ) -> pb.LinkInputResponse:
        """Link an attachment into the data directory."""
        async with Statuses(context):
            copied = await asyncio.to_thread(self._bring_in, request)
        return pb.LinkInputResponse(copied=copied)

    async def UnpackInput(  # noqa: N802
        self, request: pb.UnpackInputRequest, context: Context
    ) -> pb.UnpackInputResponse:
        """Unpack an archive into a new directory."""
        async with Statuses(context):
            for field in ("max_bytes", "max_entries", "max_ratio"):
                if (value := getattr(request, field)) <= 0:
                    raise InvalidRequestError(f"{field}: must be over 0, got {value}")
            return await self._unpacker.unpack(request)

    async def ReadFile(  # noqa: N802
        self, request: pb.ReadFileRequest, context: Context
    ) -> AsyncIterator[pb.ReadFileResponse]:
        """Stream a file's bytes up to its current size, even if it grows."""
        async with Statuses(context):
            for field in ("offset", "length"):
                if (value := getattr(request, field)) < 0:
                    raise InvalidRequestError(f"{field}: must be 0 or more, got {value}")
            file = await asyncio.to_thread(self._folder.open, request.path)
            with file:
                before = os.fstat(file.fileno())
                left = max(0, before.st_size - request.offset)
                left = min(left, request.length or left)
                is_whole = not request.offset and left == before.st_size
                # The server stores a file that it wants unchanged: later scans compare its bytes.
                digest = hashlib.sha256() if request.unchanged and is_whole else None
                if left:
                    await asyncio.to_thread(file.seek, request.offset)
                while left and (data := await asyncio.to_thread(_read, file, left, digest)):
                    yield pb.ReadFileResponse(data=data)
                    left -= len(data)
                if request.unchanged and _state(before) != _state(os.fstat(file.fileno())):
                    raise ChangedError(
                        f"{escape_unprintable(request.path)} changed while it was read"
                    )
                if digest is not None:
                    self._changes.note_content(request.path, before, digest.digest())

    async def ReadFolder(  # noqa: N802
        self, request: pb.ReadFolderRequest, context: Context
    ) -> AsyncIterator[pb.ReadFolderResponse]:
        """Stream a directory as a ZIP archive."""
        async with Statuses(context):
            # A thread that is reading when the caller leaves ends with the next piece; its open
            # files are closed when it releases the iterator.
            pieces = zip_folder(self._folder, request.path)
            while data := await asyncio.to_thread(next, pieces, b""):
                yield pb.ReadFolderResponse(data=data)

    async def ListFiles(  # noqa: N802
        self, request: pb.ListFilesRequest, context: Context
    ) -> pb.ListFilesResponse:
        """List entries of the data directory."""
        async with Statuses(context):
            return await asyncio.to_thread(list_page, self._folder, request)

    async def StatFile(  # noqa: N802
        self, request: pb.StatFileRequest, context: Context
    ) -> pb.StatFileResponse:
        """Describe one entry."""
        async with Statuses(context):
            file = await asyncio.to_thread(stat_entry, self._folder, request.path)
            return pb.StatFileResponse(file=file)

    async def MoveFile(  # noqa: N802
        self, request: pb.MoveFileRequest, context: Context
    ) -> pb.MoveFileResponse:
        """Rename an entry, or move it to another directory."""
        async with Statuses(context):
            return pb.MoveFileResponse(file=await asyncio.to_thread(self._move, request))

    async def SetFileMode(  # noqa: N802
        self, request: pb.SetFileModeRequest, context: Context
    ) -> pb.SetFileModeResponse:
        """Set an entry's permissions."""
        async with Statuses(context):
            _check_mode(request.mode)
            return pb.SetFileModeResponse(file=await asyncio.to_thread(self._set_mode, request))

    async def MakeFolder(  # noqa: N802
        self, request: pb.MakeFolderRequest, context: Context
    ) -> pb.MakeFolderResponse:
        """Create a directory."""
        async with Statuses(context):
            info = await asyncio.to_thread(self._make_folder, request.path)
            return pb.MakeFolderResponse(folder=folder_entry(request.path, info))

    async def RemoveFile(  # noqa: N802
        self, request: pb.RemoveFileRequest, context: Context
    ) -> pb.RemoveFileResponse:
        """Remove a file, link or directory."""
        async with Statuses(context):
            await asyncio.to_thread(self._remove, request)
        return pb.RemoveFileResponse()

    async def _write(self, requests: AsyncIterator[pb.WriteFileRequest]) -> pb.FileEntry:
        target = (await anext(requests)).target
        if target.HasField("mode"):
            _check_mode(target.mode)
        if target.exclusive:
            self._check_free(target.path, target.alias)
        # Not in a thread: a caller that leaves meanwhile must not leave a file behind.
        new = self._folder.create(target.path)
        try:
            async for data in _until_end(requests):
                await asyncio.to_thread(new.write, data)
            return await asyncio.to_thread(self._publish, new, target)
        finally:
            new.close()

    def _check_free(self, *names: str) -> None:
        for name in filter(None, names):
            if self._folder.exists(name):
                raise FileExistsError(name)

    def _publish(self, new: NewFile, target: pb.WriteFileTarget) -> pb.FileEntry:
        if target.HasField("mode"):
            new.set_mode(target.mode)
        with self._changes.exclude_server_change(target.path):
            info = new.publish(exclusive=target.exclusive)
            # Within the block: it changes the file's status as well.
            new.close()
        self._changes.note_content(target.path, info, new.digest)
        self._aliases.add_alias(target.alias, target.path)
        return file_entry(target.path, info)

    def _bring_in(self, request: pb.LinkInputRequest) -> bool:
        """Copy an attachment if it fits well, or link it; return whether it was copied."""
        target = self._folder.input_target(request.input)
        self._check_free(request.path, request.alias)
        is_copied = self._copies.is_wanted(request.input, request.max_copy_bytes) and self._copy(
            request
        )
        if not is_copied:
            with self._changes.exclude_server_change(request.path):
                self._folder.link(request.path, target)
        self._aliases.add_alias(request.alias, request.path)
        return is_copied

    def _copy(self, request: pb.LinkInputRequest) -> bool:
        """Copy an attachment; return False if the directory is too full by now."""
        with ExitStack() as cleanup:
            source = cleanup.enter_context(self._folder.open_input(request.input))
            new = self._folder.create(request.path)
            cleanup.callback(new.close)
            try:
                while data := source.read(CHUNK_BYTES):
                    new.write(data)
            except OSError as error:
                if error.errno in FULL:
                    return False
                raise
            with self._changes.exclude_server_change(request.path):
                info = new.publish(exclusive=True)
                new.close()
            self._changes.note_content(request.path, info, new.digest)
        return True

    def _make_folder(self, path: str) -> os.stat_result:
        with self._changes.exclude_server_change(path):
            return self._folder.make_folder(path)

    def _move(self, request: pb.MoveFileRequest) -> pb.FileEntry:
        path, new_path = request.path, request.new_path
        with self._changes.exclude_server_change(path, new_path):
            self._folder.move(path, new_path, overwrite=request.overwrite)
        self._aliases.rename_path(path, new_path)
        return stat_entry(self._folder, new_path)

    def _set_mode(self, request: pb.SetFileModeRequest) -> pb.FileEntry:
        with self._changes.exclude_server_change(request.path):
            self._folder.set_mode(request.path, request.mode)
        return stat_entry(self._folder, request.path)

    def _remove(self, request: pb.RemoveFileRequest) -> None:
        if self._aliases.remove_alias(request.path) and not self._folder.exists(request.path):
            return  # no code has asked for it
        # The server takes its name away; removing the content may take time afterwards.
        with ExitStack() as removal, self._changes.exclude_server_change(request.path):
            if request.recursive:
                removal.enter_context(self._folder.hide_until_removed(request.path))
            else:
                self._folder.remove(request.path)


def _check_mode(mode: int) -> None:
    if mode > MAX_MODE:
        raise InvalidRequestError(f"mode: must be 0 to {MAX_MODE:o}, got {mode:o}")


def _read(file: BinaryIO, left: int, digest: "Hash | None") -> bytes:
    data = file.read(min(left, CHUNK_BYTES))
    if digest is not None:
        digest.update(data)
    return data


def _state(info: os.stat_result) -> tuple[int, int, int, int]:
    """Return the values of which each write changes at least one."""
    return info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns


async def _until_end(requests: AsyncIterator[pb.WriteFileRequest]) -> AsyncIterator[bytes]:
    """Yield the bytes of a write. Raises InvalidRequestError if the stream ends without `end`.

    gRPC ends the requests of a cancelled call in the same way as those of a complete one.
    """
    async for request in requests:
        if request.HasField("end"):
            return
        yield request.data
    raise InvalidRequestError("end: missing: the stream ended before its last message")
