"""gRPC service of the agent: receives the server's requests. See `agent.proto`."""

import asyncio
from collections.abc import AsyncIterator

from cellblock.agent.v1 import agent_pb2 as pb
from cellblock_agent import VERSION
from cellblock_agent.contexts import answers
from cellblock_agent.contexts.execution import Execution
from cellblock_agent.contexts.interpreter import Interpreter
from cellblock_agent.files.aliases import Aliases
from cellblock_agent.files.changes import ChangeTracker
from cellblock_agent.files.data_folder import DataFolder
from cellblock_agent.files.file_calls import CHUNK_BYTES, FileCalls
from cellblock_agent.files.input_copies import InputCopies
from cellblock_agent.files.statuses import Code, Context, InvalidRequestError, Statuses
from cellblock_agent.files.unpacking import Unpacker
from cellblock_agent.orphan import OrphanClock
from cellblock_agent.output.journal import Journal
from cellblock_agent.output.kept_output import KeptOutput
from cellblock_agent.output.limits import OutputMeter

BATCH_BYTES = 2**20


class AgentService(FileCalls):
    """Service that forwards requests to the agent's parts, and translates errors."""

    def __init__(
        self,
        interpreter: Interpreter,
        journal: Journal,
        folder: DataFolder,
        changes: ChangeTracker,
        aliases: Aliases,
        copies: InputCopies,
        unpacker: Unpacker,
        orphan_clock: OrphanClock,
    ) -> None:
        """Serve requests with these parts."""
        super().__init__(folder, changes, aliases, copies, unpacker)
        self._interpreter = interpreter
        self._journal = journal
        self._orphan_clock = orphan_clock
        self._listener: object = None
        """Identity of the newest event stream."""

    async def GetStatus(  # noqa: N802
        self, request: pb.GetStatusRequest, context: Context
    ) -> pb.GetStatusResponse:
        """Return the agent's state, once a kernel is ready."""
        await self._interpreter.until_ready()
        return pb.GetStatusResponse(
            agent_version=VERSION,
            kernel_generation=self._interpreter.generation,
            execution_id=self._interpreter.execution_id,
            last_sequence=self._journal.last_sequence,
            acknowledged_sequence=self._journal.acknowledged,
            newest_execution_id=self._interpreter.newest_execution_id,
        )

    async def Converse(  # noqa: N802
        self, request_iterator: AsyncIterator[pb.ConverseRequest], context: Context
    ) -> AsyncIterator[pb.ConverseResponse]:
        """Stream events after the acknowledged one, and process acknowledgements and orders."""
        listener = self._listener = object()
        self._journal.wake()  # the previous stream has to end
        with self._orphan_clock.server_listening():
            first = await anext(request_iterator)
            position = first.acknowledged_sequence
            if 0 <= position < self._journal.acknowledged:
                await context.abort(
                    Code.OUT_OF_RANGE,
                    f"acknowledged_sequence: events up to {self._journal.acknowledged} were "
                    f"acknowledged and dropped, got {position}",
                )
            await self._handle_request(first, context)
            hearing = asyncio.create_task(self._handle_requests(request_iterator, context))
            hearing.add_done_callback(lambda _done: self._journal.wake())

            def is_current() -> bool:
                return self._listener is listener and not hearing.done()

            try:
                while batch := await self._journal.next_batch(position, BATCH_BYTES, is_current):
                    yield pb.ConverseResponse(events=batch)
                    position = batch[-1].sequence
                if self._listener is not listener:
                    await context.abort(Code.ABORTED, "another stream was opened")
                await hearing
            finally:
                hearing.cancel()
                await asyncio.wait({hearing})

    async def ReadOutput(  # noqa: N802
        self, request: pb.ReadOutputRequest, context: Context
    ) -> AsyncIterator[pb.ReadOutputResponse]:
        """Stream the complete text output of the execution that ended last."""
        offset = 0
        while True:
            # Looked up for each chunk: the next execution closes it.
            kept = self._interpreter.kept_output(request.execution_id)
            if kept is None:
                await context.abort(Code.NOT_FOUND, "no output is kept of that execution")
            if not (data := kept.read(offset, CHUNK_BYTES)):
                return
            yield pb.ReadOutputResponse(data=data)
            offset += len(data)

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
        async with Statuses(context):
            await self._interpreter.until_ready()
            await self._interpreter.set_environment(dict(request.environment))
        return pb.SetEnvironmentResponse()

    async def CompleteCode(  # noqa: N802
        self, request: pb.CompleteCodeRequest, context: Context
    ) -> pb.CompleteCodeResponse:
        """Return completions for a position in code."""
        code, place = request.code, request.cursor_pos
        async with Statuses(context):
            _check_cursor(code, place)
            reply = await self._interpreter.ask_kernel(lambda kernel: kernel.complete(code, place))
        return answers.completions_of(reply, code, place)

    async def InspectCode(  # noqa: N802
        self, request: pb.InspectCodeRequest, context: Context
    ) -> pb.InspectCodeResponse:
        """Return the kernel's documentation of the name at a position in code."""
        code, place, level = request.code, request.cursor_pos, request.detail_level
        async with Statuses(context):
            _check_cursor(code, place)
            reply = await self._interpreter.ask_kernel(
                lambda kernel: kernel.inspect(code, place, level)
            )
        return answers.inspection_of(reply)

    async def IsCodeComplete(  # noqa: N802
        self, request: pb.IsCodeCompleteRequest, context: Context
    ) -> pb.IsCodeCompleteResponse:
        """Return whether code is complete."""
        async with Statuses(context):
            reply = await self._interpreter.ask_kernel(
                lambda kernel: kernel.is_complete(request.code)
            )
        return answers.completeness_of(reply)

    async def _handle_requests(
        self, requests: AsyncIterator[pb.ConverseRequest], context: Context
    ) -> None:
        async for request in requests:
            await self._handle_request(request, context)

    async def _handle_request(self, request: pb.ConverseRequest, context: Context) -> None:
        try:
            self._journal.acknowledge(request.acknowledged_sequence)
        except ValueError as error:
            await context.abort(Code.INVALID_ARGUMENT, f"acknowledged_sequence: {error}")
        match request.WhichOneof("order"):
            case "start_execution":
                async with Statuses(context):
                    await self._interpreter.until_ready()
                    self._interpreter.start_execution(_execution(request.start_execution))
            case "interrupt_execution":
                order = request.interrupt_execution
                grace = order.grace.ToTimedelta().total_seconds()
                self._interpreter.interrupt(order.execution_id, grace)


def _check_cursor(code: str, cursor_pos: int) -> None:
    if not 0 <= cursor_pos <= len(code):
        raise InvalidRequestError(f"cursor_pos: must be 0 to {len(code)}, got {cursor_pos}")


def _execution(request: pb.StartExecution) -> Execution:
    for field in pb.OutputLimits.DESCRIPTOR.fields:
        if (value := getattr(request.limits, field.name)) <= 0:
            raise InvalidRequestError(f"limits.{field.name}: must be over 0, got {value}")
    timeout = request.timeout.ToTimedelta().total_seconds()
    if timeout <= 0:
        raise InvalidRequestError(f"timeout: must be over 0 s, got {timeout:g} s")
    return Execution(
        id=request.execution_id,
        code=request.code,
        timeout=timeout,
        grace=request.grace.ToTimedelta().total_seconds(),
        meter=OutputMeter(request.limits),
        kept=KeptOutput(request.limits.max_kept_bytes),
        environment=dict(request.environment),
    )
