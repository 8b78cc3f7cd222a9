"""The server's end of the agent protocol (`proto/cellblock/agent/v1`)."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import NoReturn, TypeVar

import grpc
import structlog
from google.protobuf.message import Message

from cellblock.agent.v1 import agent_pb2 as pb
from cellblock_server.agent.answer_checks import (
    check_completeness,
    check_completions,
    check_description,
    check_inspection,
)
from cellblock_server.agent.channel import checked_stub, open_channel
from cellblock_server.agent.checks import (
    PieceCounter,
    ProtocolViolationError,
    check_count,
    check_entry,
    check_page,
    checked,
)
from cellblock_server.agent.errors import AgentGoneError, translated_errors
from cellblock_server.agent.stream import AgentStream
from cellblock_server.agent.timings import AgentTimings
from cellblock_server.backends.sandbox import AgentTransport
from cellblock_server.common.errors import (
    AlreadyExistsError,
    CellblockError,
    UnavailableError,
    WrongStateError,
)
from cellblock_server.telemetry.tracing import step

log = structlog.get_logger(__name__)

Request = TypeVar("Request", bound=Message)
Response = TypeVar("Response", bound=Message)
PieceOfFile = TypeVar(
    "PieceOfFile", pb.ReadFileResponse, pb.ReadFolderResponse, pb.ReadOutputResponse
)


class AgentConnection:
    """Connection to one sandbox's agent. All data that it returns is untrusted."""

    def __init__(
        self, transport: AgentTransport, token: str, timings: AgentTimings | None = None
    ) -> None:
        """Own `transport`. Use `connect_agent` or `reconnect_agent`, which check the agent."""
        self._timings = timings or AgentTimings()
        self._transport = transport
        self._channel = open_channel(transport.target)
        self._stub = checked_stub(self._channel)
        self._metadata = (("cellblock-token", token),)
        self._violation: asyncio.Future[ProtocolViolationError] = (
            asyncio.get_running_loop().create_future()
        )

    async def close(self) -> None:
        """Close the channel and its transport."""
        await self._channel.close()
        self._transport.close()

    async def until_violation(self) -> NoReturn:
        """Wait until the response to any call breaks the protocol, and raise the violation.

        The call raises it, too, but the session has to end.
        """
        raise await asyncio.shield(self._violation)

    async def status(self) -> pb.GetStatusResponse:
        """Return the agent's status; waits for its first kernel."""
        with self._answers():
            return checked(
                await self._stub.GetStatus(
                    pb.GetStatusRequest(),
                    metadata=self._metadata,
                    timeout=self._timings.call,
                    wait_for_ready=True,
                )
            )

    async def describe_image(self) -> pb.DescribeImageResponse:
        """Return what the sandbox's image has. Raises WrongStateError for an older agent."""
        request = pb.DescribeImageRequest()
        answer = await self._call(
            self._stub.DescribeImage, request, seconds=self._timings.description
        )
        with self._answers():
            check_description(answer)
        return answer

    def converse(self) -> AgentStream:
        """Open the stream of events and requests."""
        return AgentStream(self._stub.Converse(metadata=self._metadata), self._timings.order)

    def read_output(self, execution_id: str) -> AsyncIterator[bytes]:
        """Return the complete stdout and stderr of the execution that ended last."""
        request = pb.ReadOutputRequest(execution_id=execution_id)
        return self._pieces(
            self._stub.ReadOutput(request, metadata=self._metadata), f"output of {execution_id}"
        )

    async def restart_kernel(self, reason: str) -> int:
        """Replace the kernel. Return the generation of the new one."""
        request = pb.RestartKernelRequest(reason=reason)
        generation = (await self._call(self._stub.RestartKernel, request)).kernel_generation
        with self._answers():
            check_count("number of a kernel", generation)
        return generation

    async def set_environment(self, environment: dict[str, str]) -> None:
        """Set the kernel's environment variables."""
        request = pb.SetEnvironmentRequest(environment=environment)
        await self._call(self._stub.SetEnvironment, request)

    async def complete_code(self, code: str, cursor_pos: int) -> pb.CompleteCodeResponse:
        """Return completions at a position in `code`. Raises UnavailableError for a busy kernel."""
        request = pb.CompleteCodeRequest(code=code, cursor_pos=cursor_pos)
        answer = await self._ask(self._stub.CompleteCode, request)
        with self._answers():
            check_completions(answer, code)
        return answer

    async def inspect_code(
        self, code: str, cursor_pos: int, detail_level: int
    ) -> pb.InspectCodeResponse:
        """Return documentation of the name at a position in `code`. Raises as `complete_code`."""
        request = pb.InspectCodeRequest(code=code, cursor_pos=cursor_pos, detail_level=detail_level)
        answer = await self._ask(self._stub.InspectCode, request)
        with self._answers():
            check_inspection(answer)
        return answer

    async def is_code_complete(self, code: str) -> pb.IsCodeCompleteResponse:
        """Return whether `code` could run. Raises as `complete_code`."""
        answer = await self._ask(self._stub.IsCodeComplete, pb.IsCodeCompleteRequest(code=code))
        with self._answers():
            check_completeness(answer)
        return answer

    async def write_file(
        self,
        path: str,
        data: AsyncIterator[bytes],
        *,
        exclusive: bool = False,
        alias: str = "",
        mode: int | None = None,
    ) -> pb.FileEntry:
        """Write a file below the data folder. An error raised by `data` ends the write."""
        failures: list[Exception] = []

        async def requests() -> AsyncIterator[pb.WriteFileRequest]:
            target = pb.WriteFileTarget(path=path, exclusive=exclusive, alias=alias, mode=mode)
            yield pb.WriteFileRequest(target=target)
            try:
                async for chunk in _unhurried(data, patience, self._timings.piece):
                    yield pb.WriteFileRequest(data=chunk)
            except Exception as error:  # noqa: BLE001 - raised below
                # gRPC would only cancel the call. Without an end message, the agent refuses it.
                failures.append(error)
                return
            yield pb.WriteFileRequest(end=pb.EndOfData())

        try:
            async with asyncio.timeout(self._timings.piece) as patience:
                with self._answers(path):
                    call = self._stub.WriteFile(requests(), metadata=self._metadata)
                    entry = checked(await call).file
                    check_entry(entry, path)
                    return entry
        except TimeoutError as error:
            words = f"writing {path!r} made no progress for {self._timings.piece:g} s"
            raise AgentGoneError(words) from error
        except CellblockError:
            if failures:
                raise failures[0] from None
            raise

    async def link_input(
        self, name: str, path: str, alias: str, *, max_copy_bytes: int = 0
    ) -> bool:
        """Make a file of the inputs folder appear in the data folder; return whether it is a copy.

        A file of up to `max_copy_bytes` may be copied. If code names `alias`, the file appears
        under that name, too.
        """
        request = pb.LinkInputRequest(
            input=name, path=path, alias=alias, max_copy_bytes=max_copy_bytes
        )
        seconds = self._timings.unpack
        return (await self._call(self._stub.LinkInput, request, path, seconds)).copied

    async def unpack_input(
        self, name: str, path: str, *, max_bytes: int, max_entries: int, max_ratio: int
    ) -> pb.UnpackInputResponse:
        """Unpack an archive of the inputs folder into a new folder."""
        request = pb.UnpackInputRequest(
            input=name,
            path=path,
            max_bytes=max_bytes,
            max_entries=max_entries,
            max_ratio=max_ratio,
        )
        unpacked = await self._call(self._stub.UnpackInput, request, path, self._timings.unpack)
        with self._answers():
            check_count("files of an archive", unpacked.files, max_entries)
            check_count("bytes of an archive", unpacked.bytes, max_bytes)
        return unpacked

    def read_file(
        self, path: str, offset: int = 0, length: int = 0, *, unchanged: bool = False
    ) -> AsyncIterator[bytes]:
        """Read the bytes of a file below the data folder.

        Raises FileChangedError if `unchanged` is set and the file changes meanwhile.
        """
        request = pb.ReadFileRequest(path=path, offset=offset, length=length, unchanged=unchanged)
        call = self._stub.ReadFile(request, metadata=self._metadata)
        return self._pieces(call, path, length or None)

    def read_folder(self, path: str) -> AsyncIterator[bytes]:
        """Read a folder as a ZIP archive; the data folder if `path` is empty."""
        request = pb.ReadFolderRequest(path=path)
        call = self._stub.ReadFolder(request, metadata=self._metadata)
        return self._pieces(call, path)

    async def list_files(
        self, max_entries: int, folder: str = "", after: str = "", depth: int = 0
    ) -> pb.ListFilesResponse:
        """Return a page of the files below the data folder, or below a folder in it."""
        request = pb.ListFilesRequest(
            max_entries=max_entries, folder=folder, after=after, depth=depth
        )
        page = await self._call(self._stub.ListFiles, request, folder)
        with self._answers():
            check_count("files of a page", len(page.files), max_entries)
            check_page(page.files, after)
        return page

    async def stat_file(self, path: str) -> pb.FileEntry:
        """Return an entry below the data folder, or the folder itself if `path` is empty."""
        request = pb.StatFileRequest(path=path)
        return self._checked_entry(
            (await self._call(self._stub.StatFile, request, path)).file, path
        )

    async def move_file(self, path: str, new_path: str, *, overwrite: bool) -> pb.FileEntry:
        """Move an entry below the data folder. Raises AlreadyExistsError for `new_path`."""
        request = pb.MoveFileRequest(path=path, new_path=new_path, overwrite=overwrite)
        try:
            moved = (await self._call(self._stub.MoveFile, request, path)).file
        except AlreadyExistsError as error:
            raise AlreadyExistsError("session_file", new_path, "is taken") from error
        return self._checked_entry(moved, new_path)

    async def set_file_mode(self, path: str, mode: int) -> pb.FileEntry:
        """Set the permissions of a file or folder below the data folder."""
        request = pb.SetFileModeRequest(path=path, mode=mode)
        response = await self._call(self._stub.SetFileMode, request, path)
        return self._checked_entry(response.file, path)

    async def make_folder(self, path: str) -> pb.FileEntry:
        """Create a folder below the data folder, and its missing parents."""
        request = pb.MakeFolderRequest(path=path)
        folder = (await self._call(self._stub.MakeFolder, request, path)).folder
        with self._answers():
            check_entry(folder, path)
        return folder

    async def remove_file(self, path: str, *, recursive: bool = False) -> None:
        """Remove a file, link or folder below the data folder."""
        request = pb.RemoveFileRequest(path=path, recursive=recursive)
        await self._call(self._stub.RemoveFile, request, path)

    def _checked_entry(self, entry: pb.FileEntry, path: str) -> pb.FileEntry:
        with self._answers():
            check_entry(entry, path)
        return entry

    async def _ask(
        self, method: grpc.aio.UnaryUnaryMultiCallable[Request, Response], request: Request
    ) -> Response:
        """Return the kernel's answer. Raises UnavailableError if it is busy."""
        try:
            return await self._call(method, request, seconds=self._timings.answer)
        except WrongStateError as error:
            raise UnavailableError("KERNEL_BUSY", f"the kernel is busy: {error.message}") from error

    async def _call(
        self,
        method: grpc.aio.UnaryUnaryMultiCallable[Request, Response],
        request: Request,
        path: str | None = None,
        seconds: float | None = None,
    ) -> Response:
        """Return the agent's response, within `seconds`; `path` names the file in question."""
        name = type(request).__name__.removesuffix("Request")
        with step(f"agent {name}"), self._answers(path):
            timeout = seconds or self._timings.call
            return checked(await method(request, metadata=self._metadata, timeout=timeout))

    async def _pieces(
        self,
        call: grpc.aio.UnaryStreamCall[Request, PieceOfFile],
        path: str,
        most: int | None = None,
    ) -> AsyncIterator[bytes]:
        """Yield the pieces of a byte stream, each within its timeout; at most `most` bytes."""
        pieces = PieceCounter(most)
        try:
            with self._answers(path):
                messages = aiter(call)
                while True:
                    try:
                        async with asyncio.timeout(self._timings.piece):
                            message = await anext(messages, None)
                    except TimeoutError as error:
                        raise AgentGoneError(
                            f"reading {path!r} made no progress for {self._timings.piece:g} s"
                        ) from error
                    if message is None:
                        return
                    yield pieces.count_piece(checked(message).data)
        finally:
            call.cancel()

    @contextmanager
    def _answers(self, path: str | None = None) -> Iterator[None]:
        """Translate gRPC statuses into our errors, and note each protocol violation."""
        try:
            with translated_errors(path):
                yield
        except ProtocolViolationError as error:
            if not self._violation.done():
                self._violation.set_result(error)
            raise


async def _unhurried(
    data: AsyncIterator[bytes], patience: asyncio.Timeout, seconds: float
) -> AsyncIterator[bytes]:
    """Yield the pieces of a file. The agent has `seconds` to accept each; `data` has no timeout."""
    now = asyncio.get_running_loop().time
    while True:
        patience.reschedule(None)
        chunk = await anext(data, None)
        patience.reschedule(now() + seconds)
        if chunk is None:
            return
        yield chunk
