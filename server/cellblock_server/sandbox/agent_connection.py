"""The server's end of the agent protocol (`proto/cellblock/agent/v1`)."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import grpc

from cellblock.agent.v1 import agent_pb2 as pb
from cellblock.agent.v1 import agent_pb2_grpc
from cellblock_server.errors import (
    AlreadyExistsError,
    CellblockError,
    InvalidArgumentError,
    NotFoundError,
    UnavailableError,
    WrongStateError,
)
from cellblock_server.sandbox.agent_socket import PinnedSocket, wait_for_socket
from cellblock_server.sandbox.backend import Backend, Sandbox
from cellblock_server.sandbox.folder import SandboxFolder

MAX_MESSAGE_BYTES = 64 * 2**20
"""Bound on one message from an agent, above the largest image allowed."""
CALL_SECONDS = 60
"""Bound on a call that does not move file contents."""
UNPACK_SECONDS = 600
"""Bound on unpacking an archive, over the agent's own."""
END_SECONDS = 5
"""How long the backend is asked what became of a sandbox whose agent does not answer."""

CHANNEL_OPTIONS = [
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_metadata_size", 16 * 1024),
    ("grpc.enable_http_proxy", 0),
    ("grpc.use_local_subchannel_pool", 1),
    # The pinned socket either answers or never will again.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
]


class AgentGoneError(CellblockError):
    """The agent does not answer any more."""

    def __init__(self, detail: str) -> None:
        """Keep gRPC's words for the log."""
        super().__init__("AGENT_GONE", f"the sandbox's agent does not answer: {detail}")


class FileChangedError(CellblockError):
    """A file was written to while it was read, and was wanted unchanged."""

    def __init__(self, path: str) -> None:
        """Name the file."""
        super().__init__("FILE_CHANGED", f"{path!r} was written to while it was read")
        self.path = path


@dataclass(frozen=True)
class ExecutionBounds:
    """What one execution may take and show; see `StartExecutionRequest`."""

    timeout: timedelta
    grace: timedelta
    output: pb.OutputLimits


class AgentConnection:
    """One sandbox's agent. Everything that comes through here is hostile."""

    def __init__(self, socket: PinnedSocket, token: str) -> None:
        """Use `connect` or `reconnect`."""
        self._socket = socket
        self._channel = grpc.aio.insecure_channel(socket.target, options=CHANNEL_OPTIONS)
        self._stub = agent_pb2_grpc.AgentServiceStub(self._channel)
        self._metadata = (("cellblock-token", token),)

    @classmethod
    async def connect(
        cls, sandbox: Sandbox, token: str, backend: Backend, timeout: timedelta
    ) -> "AgentConnection":
        """Wait for a new sandbox's agent and its first kernel; seal its folder.

        Raises UnavailableError (`SANDBOX_START_FAILED`) if the sandbox ends or
        does not answer in time.
        """
        try:
            async with asyncio.timeout(timeout.total_seconds()):
                await _until_socket_or_end(sandbox, backend)
                SandboxFolder(sandbox.agent_folder.parent).seal()
                connection = cls(PinnedSocket(sandbox.agent_folder, sandbox.first_pid), token)
                try:
                    await connection.status()
                except BaseException:
                    await connection.close()
                    raise
                return connection
        except TimeoutError:
            problem = f"no kernel within {timeout.total_seconds():g} s"
        except (AgentGoneError, WrongStateError) as error:
            problem = f"{error.message}; the sandbox {await _how_it_ended(sandbox, backend)}"
        raise UnavailableError(
            "SANDBOX_START_FAILED", f"the sandbox could not be started: {problem}"
        )

    @classmethod
    async def reconnect(cls, sandbox: Sandbox, token: str) -> "AgentConnection":
        """Connect to the agent of a sandbox that ran before this server did.

        Raises HostileFolderError or AgentGoneError.
        """
        connection = cls(PinnedSocket(sandbox.agent_folder, sandbox.first_pid), token)
        try:
            await connection.status()
        except BaseException:
            await connection.close()
            raise
        return connection

    async def close(self) -> None:
        """Close the channel and let go of the socket."""
        await self._channel.close()
        self._socket.close()

    async def status(self) -> pb.GetStatusResponse:
        """What the agent does; waits for its first kernel."""
        with _translated_errors():
            return await self._stub.GetStatus(
                pb.GetStatusRequest(),
                metadata=self._metadata,
                timeout=CALL_SECONDS,
                wait_for_ready=True,
            )

    def stream_events(self) -> "EventStream":
        """Open the event stream; see `EventStream`."""
        return EventStream(self._stub.StreamEvents(metadata=self._metadata))

    async def start_execution(
        self, execution_id: str, code: str, bounds: ExecutionBounds, environment: dict[str, str]
    ) -> None:
        """Give the kernel a piece of code; its events come through the stream."""
        request = pb.StartExecutionRequest(
            execution_id=execution_id,
            code=code,
            limits=bounds.output,
            environment=environment,
        )
        request.timeout.FromTimedelta(bounds.timeout)
        request.grace.FromTimedelta(bounds.grace)
        with _translated_errors():
            await self._stub.StartExecution(request, metadata=self._metadata, timeout=CALL_SECONDS)

    async def read_output(self, execution_id: str) -> AsyncIterator[bytes]:
        """All that the execution that ended last wrote to its streams."""
        call = self._stub.ReadOutput(
            pb.ReadOutputRequest(execution_id=execution_id), metadata=self._metadata
        )
        try:
            with _translated_errors():
                async for message in call:
                    yield message.data
        finally:
            call.cancel()

    async def interrupt_execution(self, execution_id: str, grace: timedelta) -> None:
        """Interrupt an execution; its end comes through the stream."""
        request = pb.InterruptExecutionRequest(execution_id=execution_id)
        request.grace.FromTimedelta(grace)
        with _translated_errors():
            await self._stub.InterruptExecution(
                request, metadata=self._metadata, timeout=CALL_SECONDS
            )

    async def restart_kernel(self, reason: str) -> int:
        """Replace the kernel; the new one's generation."""
        with _translated_errors():
            response = await self._stub.RestartKernel(
                pb.RestartKernelRequest(reason=reason),
                metadata=self._metadata,
                timeout=CALL_SECONDS,
            )
        return response.kernel_generation

    async def set_environment(self, environment: dict[str, str]) -> None:
        """Set the kernel's environment variables."""
        with _translated_errors():
            await self._stub.SetEnvironment(
                pb.SetEnvironmentRequest(environment=environment),
                metadata=self._metadata,
                timeout=CALL_SECONDS,
            )

    async def write_file(
        self,
        path: str,
        data: AsyncIterator[bytes],
        *,
        exclusive: bool = False,
        alias: str = "",
    ) -> pb.FileEntry:
        """Write a file below the data folder; what `data` raises ends the write."""
        failures: list[Exception] = []

        async def requests() -> AsyncIterator[pb.WriteFileRequest]:
            target = pb.WriteFileTarget(path=path, exclusive=exclusive, alias=alias)
            yield pb.WriteFileRequest(target=target)
            try:
                async for chunk in data:
                    yield pb.WriteFileRequest(data=chunk)
            except Exception as error:  # noqa: BLE001 - raised below
                # gRPC would only cancel the call. Without an end, the agent refuses it.
                failures.append(error)
                return
            yield pb.WriteFileRequest(end=pb.EndOfData())

        try:
            with _translated_errors(path):
                return (await self._stub.WriteFile(requests(), metadata=self._metadata)).file
        except CellblockError:
            if failures:
                raise failures[0] from None
            raise

    async def link_input(self, name: str, path: str, alias: str) -> None:
        """Make a file of the inputs folder appear in the data folder."""
        with _translated_errors(path):
            await self._stub.LinkInput(
                pb.LinkInputRequest(input=name, path=path, alias=alias),
                metadata=self._metadata,
                timeout=CALL_SECONDS,
            )

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
        with _translated_errors(path):
            return await self._stub.UnpackInput(
                request, metadata=self._metadata, timeout=UNPACK_SECONDS
            )

    async def read_file(
        self, path: str, offset: int = 0, length: int = 0, *, unchanged: bool = False
    ) -> AsyncIterator[bytes]:
        """The bytes of a file below the data folder.

        Raises FileChangedError if it is wanted `unchanged` and changes meanwhile.
        """
        request = pb.ReadFileRequest(path=path, offset=offset, length=length, unchanged=unchanged)
        call = self._stub.ReadFile(request, metadata=self._metadata)
        try:
            with _translated_errors(path):
                async for message in call:
                    yield message.data
        finally:
            call.cancel()

    async def read_folder(self, path: str) -> AsyncIterator[bytes]:
        """A folder as a ZIP archive; the data folder if `path` is empty."""
        call = self._stub.ReadFolder(pb.ReadFolderRequest(path=path), metadata=self._metadata)
        try:
            with _translated_errors(path):
                async for message in call:
                    yield message.data
        finally:
            call.cancel()

    async def list_files(
        self, max_entries: int, folder: str = "", after: str = ""
    ) -> pb.ListFilesResponse:
        """What lies below the data folder, or below a folder in it."""
        with _translated_errors(folder):
            return await self._stub.ListFiles(
                pb.ListFilesRequest(max_entries=max_entries, folder=folder, after=after),
                metadata=self._metadata,
                timeout=CALL_SECONDS,
            )

    async def make_folder(self, path: str) -> pb.FileEntry:
        """Make a folder below the data folder, and those above it."""
        with _translated_errors(path):
            response = await self._stub.MakeFolder(
                pb.MakeFolderRequest(path=path), metadata=self._metadata, timeout=CALL_SECONDS
            )
        return response.folder

    async def remove_file(self, path: str, *, recursive: bool = False) -> None:
        """Remove a file, link or folder below the data folder."""
        with _translated_errors(path):
            await self._stub.RemoveFile(
                pb.RemoveFileRequest(path=path, recursive=recursive),
                metadata=self._metadata,
                timeout=CALL_SECONDS,
            )


EventCall = grpc.aio.StreamStreamCall[pb.StreamEventsRequest, pb.StreamEventsResponse]


class EventStream:
    """The numbered events of an agent, and their acknowledgement."""

    def __init__(self, call: EventCall) -> None:
        """Use `AgentConnection.stream_events`."""
        self._call = call

    async def acknowledge(self, sequence: int) -> None:
        """Say that all events up to `sequence` are stored. The first call starts the stream."""
        with _translated_errors():
            await self._call.write(pb.StreamEventsRequest(acknowledged_sequence=sequence))

    async def __aiter__(self) -> AsyncIterator[list[pb.Event]]:
        """Batches of events, in order."""
        with _translated_errors():
            async for message in self._call:
                yield list(message.events)

    def cancel(self) -> None:
        """End the stream."""
        self._call.cancel()


async def _how_it_ended(sandbox: Sandbox, backend: Backend) -> str:
    try:
        async with asyncio.timeout(END_SECONDS):
            return (await backend.wait(sandbox.id)).words
    except TimeoutError:
        return "still runs"


async def _until_socket_or_end(sandbox: Sandbox, backend: Backend) -> None:
    socket = asyncio.create_task(wait_for_socket(sandbox.agent_folder))
    end = asyncio.create_task(backend.wait(sandbox.id))
    try:
        await asyncio.wait({socket, end}, return_when=asyncio.FIRST_COMPLETED)
        if not socket.done():
            raise AgentGoneError("it ended before it listened")
        await socket
    finally:
        for task in (socket, end):
            task.cancel()
        await asyncio.gather(socket, end, return_exceptions=True)


@contextmanager
def _translated_errors(path: str = "") -> Iterator[None]:
    """Turn the agent's statuses into our errors; `path` names the file in question."""
    try:
        yield
    except asyncio.InvalidStateError as error:
        # What gRPC says to one who writes to a stream that has ended meanwhile.
        raise AgentGoneError(str(error)) from error
    except grpc.aio.AioRpcError as error:
        detail = error.details() or ""
        match error.code():
            case grpc.StatusCode.NOT_FOUND:
                raise NotFoundError("session_file", path) from error
            case grpc.StatusCode.ALREADY_EXISTS:
                raise AlreadyExistsError("session_file", path, "is taken") from error
            case grpc.StatusCode.INVALID_ARGUMENT:
                raise InvalidArgumentError("path", detail) from error
            case grpc.StatusCode.FAILED_PRECONDITION:
                raise WrongStateError("SANDBOX_REFUSED", detail) from error
            case grpc.StatusCode.RESOURCE_EXHAUSTED if path:
                raise WrongStateError("SANDBOX_FULL", detail) from error
            case grpc.StatusCode.ABORTED if path:
                raise FileChangedError(path) from error
            case _:
                raise AgentGoneError(f"{error.code().name}: {detail}") from error
