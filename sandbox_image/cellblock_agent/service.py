"""The agent's service: requests from the server enter here. See `agent.proto`."""

import asyncio
import stat
from collections.abc import AsyncIterator, Iterator
from itertools import islice
from types import TracebackType
from typing import Any, TypeAlias

import grpc

from cellblock.agent.v1 import agent_pb2 as pb
from cellblock.agent.v1 import agent_pb2_grpc
from cellblock_agent import VERSION
from cellblock_agent.changes import Changes, file_entry, is_utf8
from cellblock_agent.data_folder import BadPathError, DataFolder, NewFile, NotPlainError
from cellblock_agent.execution import Execution
from cellblock_agent.interpreter import BusyError, Interpreter
from cellblock_agent.journal import Journal
from cellblock_agent.kept_output import KeptOutput
from cellblock_agent.limits import OutputMeter
from cellblock_agent.orphan import OrphanClock

BATCH_BYTES = 2**20
CHUNK_BYTES = 2**20
MAX_LISTED = 10_000

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
Code = grpc.StatusCode


class InvalidLimitError(Exception):
    """A request lacks a bound."""


class BrokenOffError(Exception):
    """A stream of bytes ended without its end."""


class AgentService(agent_pb2_grpc.AgentServiceServicer):
    """Hands requests on; what may fail is turned into statuses by `_statuses`."""

    def __init__(
        self,
        interpreter: Interpreter,
        journal: Journal,
        folder: DataFolder,
        changes: Changes,
        orphan_clock: OrphanClock,
    ) -> None:
        """Serve these parts."""
        self._interpreter = interpreter
        self._journal = journal
        self._folder = folder
        self._changes = changes
        self._orphan_clock = orphan_clock
        self._superseded = asyncio.Event()

    async def GetStatus(  # noqa: N802
        self, request: pb.GetStatusRequest, context: Context
    ) -> pb.GetStatusResponse:
        """Tell what the agent is doing, once a kernel is ready."""
        await self._interpreter.until_ready()
        return pb.GetStatusResponse(
            agent_version=VERSION,
            kernel_generation=self._interpreter.generation,
            execution_id=self._interpreter.execution_id,
            last_sequence=self._journal.last_sequence,
        )

    async def StreamEvents(  # noqa: N802
        self, request_iterator: AsyncIterator[pb.StreamEventsRequest], context: Context
    ) -> AsyncIterator[pb.StreamEventsResponse]:
        """Stream events from the first unacknowledged one on."""
        self._superseded.set()
        self._superseded = asyncio.Event()
        with self._orphan_clock.listening():
            first = await anext(request_iterator)
            await self._acknowledge(first, context)
            superseded = asyncio.create_task(self._superseded.wait())
            reading = asyncio.create_task(self._read_acknowledgements(request_iterator, context))
            position = first.acknowledged_sequence
            try:
                while batch := await self._batch_unless(position, {superseded, reading}):
                    yield pb.StreamEventsResponse(events=batch)
                    position = batch[-1].sequence
                if superseded.done():
                    await context.abort(Code.ABORTED, "another stream was opened")
                await reading
            finally:
                superseded.cancel()
                reading.cancel()
                await asyncio.wait({superseded, reading})

    async def StartExecution(  # noqa: N802
        self, request: pb.StartExecutionRequest, context: Context
    ) -> pb.StartExecutionResponse:
        """Give the kernel a piece of code."""
        async with _Statuses(context):
            await self._interpreter.until_ready()
            self._interpreter.start_execution(_execution(request))
        return pb.StartExecutionResponse()

    async def ReadOutput(  # noqa: N802
        self, request: pb.ReadOutputRequest, context: Context
    ) -> AsyncIterator[pb.ReadOutputResponse]:
        """Stream all that an execution wrote."""
        offset = 0
        while True:
            # Asked for each time: the next execution closes it.
            kept = self._interpreter.kept_output(request.execution_id)
            if kept is None:
                await context.abort(Code.NOT_FOUND, "nothing is kept of that execution")
            if not (data := kept.read(offset, CHUNK_BYTES)):
                return
            yield pb.ReadOutputResponse(data=data)
            offset += len(data)

    async def InterruptExecution(  # noqa: N802
        self, request: pb.InterruptExecutionRequest, context: Context
    ) -> pb.InterruptExecutionResponse:
        """End an execution."""
        grace = request.grace.ToTimedelta().total_seconds()
        self._interpreter.interrupt(request.execution_id, grace)
        return pb.InterruptExecutionResponse()

    async def RestartKernel(  # noqa: N802
        self, request: pb.RestartKernelRequest, context: Context
    ) -> pb.RestartKernelResponse:
        """Replace the kernel."""
        await self._interpreter.until_ready()
        await self._interpreter.restart(request.reason)
        return pb.RestartKernelResponse(kernel_generation=self._interpreter.generation)

    async def SetEnvironment(  # noqa: N802
        self, request: pb.SetEnvironmentRequest, context: Context
    ) -> pb.SetEnvironmentResponse:
        """Set environment variables."""
        async with _Statuses(context):
            await self._interpreter.until_ready()
            await self._interpreter.set_environment(dict(request.environment))
        return pb.SetEnvironmentResponse()

    async def WriteFile(  # noqa: N802
        self, request_iterator: AsyncIterator[pb.WriteFileRequest], context: Context
    ) -> pb.WriteFileResponse:
        """Write a file: it appears whole, or not at all."""
        async with _Statuses(context):
            target = (await anext(request_iterator)).target
            if target.exclusive:
                self._check_free(target.path, target.alias)
            # Not in a thread: a caller that leaves meanwhile must not leave a file behind.
            new = self._folder.create(target.path)
            try:
                async for data in _until_end(request_iterator):
                    await asyncio.to_thread(new.write, data)
                entry = await asyncio.to_thread(self._publish, new, target)
            finally:
                new.close()
            return pb.WriteFileResponse(file=entry)

    async def LinkInput(  # noqa: N802
        self, request: pb.LinkInputRequest, context: Context
    ) -> pb.LinkInputResponse:
        """Make an attachment appear in the data folder."""
        async with _Statuses(context):
            target = self._folder.input_target(request.input)
            self._check_free(request.path, request.alias)
            self._link(request.path, target)
            self._link(request.alias, request.path)
        return pb.LinkInputResponse()

    async def ReadFile(  # noqa: N802
        self, request: pb.ReadFileRequest, context: Context
    ) -> AsyncIterator[pb.ReadFileResponse]:
        """Stream a file's bytes."""
        async with _Statuses(context):
            file = await asyncio.to_thread(self._folder.open, request.path)
            with file:
                file.seek(request.offset)
                left = request.length or None
                while data := await asyncio.to_thread(file.read, _chunk(left)):
                    yield pb.ReadFileResponse(data=data)
                    if left is not None:
                        left -= len(data)
                        if left == 0:
                            return

    async def ListFiles(  # noqa: N802
        self, request: pb.ListFilesRequest, context: Context
    ) -> pb.ListFilesResponse:
        """List what lies in the data folder."""
        most = min(request.max_entries, MAX_LISTED)
        files, truncated = await asyncio.to_thread(self._list, most)
        return pb.ListFilesResponse(files=files, more=truncated)

    async def RemoveFile(  # noqa: N802
        self, request: pb.RemoveFileRequest, context: Context
    ) -> pb.RemoveFileResponse:
        """Remove a file or link."""
        async with _Statuses(context):
            self._folder.remove(request.path)
        return pb.RemoveFileResponse()

    async def _batch_unless(self, position: int, ends: set[asyncio.Task[Any]]) -> list[pb.Event]:
        """The next events; none if one of `ends` comes first."""
        batch = asyncio.create_task(self._journal.after(position, BATCH_BYTES))
        try:
            await asyncio.wait({batch, *ends}, return_when=asyncio.FIRST_COMPLETED)
            return [] if any(end.done() for end in ends) else batch.result()
        finally:
            batch.cancel()

    async def _read_acknowledgements(
        self, requests: AsyncIterator[pb.StreamEventsRequest], context: Context
    ) -> None:
        async for request in requests:
            await self._acknowledge(request, context)

    async def _acknowledge(self, request: pb.StreamEventsRequest, context: Context) -> None:
        try:
            self._journal.acknowledge(request.acknowledged_sequence)
        except ValueError as error:
            await context.abort(Code.INVALID_ARGUMENT, f"acknowledged_sequence: {error}")

    def _check_free(self, *names: str) -> None:
        for name in filter(None, names):
            if self._folder.exists(name):
                raise FileExistsError(name)

    def _publish(self, new: NewFile, target: pb.WriteFileTarget) -> pb.FileEntry:
        info = new.publish(exclusive=target.exclusive)
        self._changes.expect(target.path)
        self._link(target.alias, target.path)
        return file_entry(target.path, info)

    def _link(self, name: str, target: str) -> None:
        if name:
            self._folder.link(name, target)
            self._changes.expect(name)

    def _list(self, most: int) -> tuple[list[pb.FileEntry], bool]:
        entries = islice(self._listable(), MAX_LISTED + 1)
        listed = sorted(entries, key=lambda entry: entry.path)
        return listed[:most], len(listed) > most

    def _listable(self) -> Iterator[pb.FileEntry]:
        for entry in self._folder.walk():
            if self._folder.is_input(entry):
                info = self._folder.input_info(entry)
                if info is not None:
                    yield file_entry(entry.path, info)
            elif stat.S_ISREG(entry.info.st_mode) and is_utf8(entry.path):
                yield file_entry(entry.path, entry.info)


class _Statuses:
    """Turns what a block raises into the status of its call."""

    def __init__(self, context: Context) -> None:
        """Abort calls of `context`."""
        self._context = context

    async def __aenter__(self) -> None:
        """Nothing to do."""

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Abort with the status that belongs to `error`; others pass."""
        match error:
            case BadPathError() | InvalidLimitError() | BrokenOffError():
                await self._context.abort(Code.INVALID_ARGUMENT, str(error))
            case NotPlainError() | BusyError():
                await self._context.abort(Code.FAILED_PRECONDITION, str(error))
            case FileNotFoundError():
                await self._context.abort(Code.NOT_FOUND, "no such file")
            case FileExistsError():
                await self._context.abort(Code.ALREADY_EXISTS, "the name is taken")
            case OSError():
                # A full folder, mostly: the caller's to see.
                await self._context.abort(Code.FAILED_PRECONDITION, str(error.strerror))


async def _until_end(requests: AsyncIterator[pb.WriteFileRequest]) -> AsyncIterator[bytes]:
    """The bytes of a write. Raises BrokenOffError if they end without saying so.

    gRPC ends the requests of a cancelled call as it ends complete ones.
    """
    async for request in requests:
        if request.HasField("end"):
            return
        yield request.data
    raise BrokenOffError("end: must be the last message: the stream broke off")


def _execution(request: pb.StartExecutionRequest) -> Execution:
    for field in pb.OutputLimits.DESCRIPTOR.fields:
        if (value := getattr(request.limits, field.name)) <= 0:
            raise InvalidLimitError(f"limits.{field.name}: must be over 0, got {value}")
    timeout = request.timeout.ToTimedelta().total_seconds()
    if timeout <= 0:
        raise InvalidLimitError(f"timeout: must be over 0 s, got {timeout:g} s")
    return Execution(
        id=request.execution_id,
        code=request.code,
        timeout=timeout,
        grace=request.grace.ToTimedelta().total_seconds(),
        meter=OutputMeter(request.limits),
        kept=KeptOutput(request.limits.max_kept_bytes),
        environment=dict(request.environment),
    )


def _chunk(left: int | None) -> int:
    return CHUNK_BYTES if left is None else min(left, CHUNK_BYTES)
