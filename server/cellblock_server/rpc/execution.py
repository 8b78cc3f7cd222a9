"""ExecutionService: translates between requests and use cases of executions."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from typing import Any, TypeAlias

import grpc

from cellblock.v1 import execution_pb2 as pb
from cellblock.v1 import execution_pb2_grpc
from cellblock_server.app.executions import ExecutionUseCases
from cellblock_server.common.errors import InvalidArgumentError
from cellblock_server.executions.request import NewExecution
from cellblock_server.executions.shown import ShownExecution
from cellblock_server.journal.execution_messages import execution_message
from cellblock_server.journal.run_step_place import WantedPlace
from cellblock_server.rpc.caller import tenant
from cellblock_server.rpc.session import span
from cellblock_server.rpc.streams import first

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"


class ExecutionServicer(execution_pb2_grpc.ExecutionServiceServicer):
    """See `execution.proto`."""

    def __init__(self, executions: ExecutionUseCases) -> None:
        """Translate to and from `executions`."""
        self._executions = executions

    async def Execute(  # noqa: N802
        self, request: pb.ExecuteRequest, context: Context
    ) -> AsyncIterator[pb.ExecuteResponse]:
        """Run code and stream its events."""
        new, cancel = _new_execution(request), request.cancel_on_disconnect
        running = self._executions.run(
            tenant(), request.session_id, new, cancel_on_disconnect=cancel
        )
        async with aclosing(running) as batches:
            async for events in batches:
                yield pb.ExecuteResponse(events=events)

    async def ExecuteStream(  # noqa: N802
        self, request_iterator: AsyncIterator[pb.ExecuteStreamRequest], context: Context
    ) -> AsyncIterator[pb.ExecuteStreamResponse]:
        """Run code that arrives in pieces, and stream its events."""
        owner = tenant()
        start = (await first(request_iterator, "start")).start
        pieces = _pieces(start.code, request_iterator)
        new, cancel = replace(_new_execution(start), code=""), start.cancel_on_disconnect
        running = self._executions.run_pieces(
            owner, start.session_id, new, pieces, cancel_on_disconnect=cancel
        )
        async with aclosing(running) as batches:
            async for events in batches:
                yield pb.ExecuteStreamResponse(events=events)

    async def WatchExecution(  # noqa: N802
        self, request: pb.WatchExecutionRequest, context: Context
    ) -> AsyncIterator[pb.WatchExecutionResponse]:
        """Stream events from any sequence number."""
        watching = self._executions.watch(tenant(), request.execution_id, request.from_sequence)
        async with aclosing(watching) as batches:
            async for events in batches:
                yield pb.WatchExecutionResponse(events=events)

    async def GetExecution(  # noqa: N802
        self, request: pb.GetExecutionRequest, context: Context
    ) -> pb.GetExecutionResponse:
        """Return an execution."""
        shown = await self._executions.get(tenant(), request.execution_id)
        return pb.GetExecutionResponse(execution=_message(shown))

    async def GetModelText(  # noqa: N802
        self, request: pb.GetModelTextRequest, context: Context
    ) -> pb.GetModelTextResponse:
        """Return an execution as text for a language model."""
        found = await self._executions.get_model_text(
            tenant(), request.execution_id, request.max_characters
        )
        return pb.GetModelTextResponse(
            text=found.text, truncated=found.is_truncated, images=found.images
        )

    async def ListExecutions(  # noqa: N802
        self, request: pb.ListExecutionsRequest, context: Context
    ) -> pb.ListExecutionsResponse:
        """Return a page of a session's executions."""
        page = await self._executions.list(
            tenant(), request.session_id, request.page_size, request.page_token
        )
        return pb.ListExecutionsResponse(
            executions=map(_message, page.items), next_page_token=page.next_token
        )

    async def CancelExecution(  # noqa: N802
        self, request: pb.CancelExecutionRequest, context: Context
    ) -> pb.CancelExecutionResponse:
        """Interrupt a running execution, or remove a queued one."""
        shown = await self._executions.cancel(tenant(), request.execution_id)
        return pb.CancelExecutionResponse(execution=_message(shown))

    async def CompleteCode(  # noqa: N802
        self, request: pb.CompleteCodeRequest, context: Context
    ) -> pb.CompleteCodeResponse:
        """Return the kernel's completions at a position in code."""
        found = await self._executions.complete_code(
            tenant(), request.session_id, request.code, _place(request)
        )
        completions = [pb.Completion(text=one.text, type=one.type) for one in found.completions]
        return pb.CompleteCodeResponse(
            completions=completions,
            cursor_start=found.cursor_start,
            cursor_end=found.cursor_end,
            more=found.more,
        )

    async def InspectCode(  # noqa: N802
        self, request: pb.InspectCodeRequest, context: Context
    ) -> pb.InspectCodeResponse:
        """Return the kernel's documentation of a name."""
        place, level = _place(request), request.detail_level
        found = await self._executions.inspect_code(
            tenant(), request.session_id, request.code, place, level
        )
        return pb.InspectCodeResponse(found=found.found, data=found.data, cut=found.cut)

    async def IsCodeComplete(  # noqa: N802
        self, request: pb.IsCodeCompleteRequest, context: Context
    ) -> pb.IsCodeCompleteResponse:
        """Return whether code is complete, by the kernel's parser."""
        answer = await self._executions.check_code_complete(
            tenant(), request.session_id, request.code
        )
        status = pb.CodeStatus.ValueType(answer.status)
        return pb.IsCodeCompleteResponse(status=status, indent=answer.indent)


def _message(shown: ShownExecution) -> pb.Execution:
    message = execution_message(shown.record)
    message.outputs.extend(shown.outputs)
    return message


def _place(request: pb.CompleteCodeRequest | pb.InspectCodeRequest) -> int | None:
    return request.cursor_pos if request.HasField("cursor_pos") else None


def _new_execution(request: pb.ExecuteRequest) -> NewExecution:
    return NewExecution(
        code=request.code,
        execution_id=request.execution_id,
        time_limit=span("time_limit", request, request.time_limit),
        environment=dict(request.environment),
        place=WantedPlace(
            thread_id=request.place.thread_id,
            run_id=request.place.run_id,
            assistant_id=request.place.assistant_id,
            step_id=request.place.step_id,
            more_calls=request.place.more_calls,
        ),
    )


async def _pieces(
    beginning: str, requests: AsyncIterator[pb.ExecuteStreamRequest]
) -> AsyncIterator[str]:
    """Yield pieces of code. Raises InvalidArgumentError if the stream is interrupted."""
    if beginning:
        yield beginning
    async for request in requests:
        kind = request.WhichOneof("payload")
        if kind == "end":
            return
        if kind != "code":
            raise InvalidArgumentError(
                "code", "expected `code`; send the first message, then code, then end"
            )
        yield request.code
    # gRPC ends the requests of a cancelled call as it ends complete ones.
    raise InvalidArgumentError("end", "must be the last message: the stream broke off")
