"""ExecutionService: requests to calls of `executions/`, and back."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, TypeAlias

import grpc

from cellblock.v1 import execution_pb2 as pb
from cellblock.v1 import execution_pb2_grpc
from cellblock_server.common.errors import CellblockError, InvalidArgumentError
from cellblock_server.common.uninterrupted import uninterrupted
from cellblock_server.executions.code_questions import Introspection
from cellblock_server.executions.execution_service import ExecutionService, NewExecution
from cellblock_server.journal.run_step_place import WantedPlace
from cellblock_server.rpc.caller import tenant
from cellblock_server.rpc.draining import end_when_draining, is_ended_by_draining
from cellblock_server.rpc.session import span
from cellblock_server.rpc.streams import first
from cellblock_server.sessions.manager import SessionManager
from cellblock_server.store.records import ExecutionRecord
from cellblock_server.store.states import EXECUTION_ENDS

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"


class ExecutionServicer(execution_pb2_grpc.ExecutionServiceServicer):
    """See `execution.proto`."""

    def __init__(
        self,
        executions: ExecutionService,
        introspection: Introspection,
        sessions: SessionManager,
    ) -> None:
        """Serve `executions` of `sessions`."""
        self._executions = executions
        self._introspection = introspection
        self._sessions = sessions

    async def Execute(  # noqa: N802
        self, request: pb.ExecuteRequest, context: Context
    ) -> AsyncIterator[pb.ExecuteResponse]:
        """Run code and stream its events."""
        new = _new_execution(request)
        self._executions.check(new)
        record = await self._accepted(tenant(), request.session_id, new)
        async for events in self._followed(record, cancel=request.cancel_on_disconnect):
            yield pb.ExecuteResponse(events=events)

    async def ExecuteStream(  # noqa: N802
        self, request_iterator: AsyncIterator[pb.ExecuteStreamRequest], context: Context
    ) -> AsyncIterator[pb.ExecuteStreamResponse]:
        """Run code that comes in pieces, and stream its events."""
        start = (await first(request_iterator, "start")).start
        new = _new_execution(start)
        self._executions.check(new, with_code=False)
        pieces = _pieces(new.code, request_iterator)
        if new.execution_id and await self._executions.exists(tenant(), new.execution_id):
            # Sent again: what it is must be known before it can be found to be the same.
            new = replace(new, code="".join([piece async for piece in pieces]))
            record = await self._executions.known(tenant(), start.session_id, new)
        else:
            live = await self._sessions.live(tenant(), start.session_id)
            record = await self._executions.receive(
                live.record, live.runner, replace(new, code=""), pieces
            )
        if record is not None:
            async for events in self._followed(record, cancel=start.cancel_on_disconnect):
                yield pb.ExecuteStreamResponse(events=events)

    async def WatchExecution(  # noqa: N802
        self, request: pb.WatchExecutionRequest, context: Context
    ) -> AsyncIterator[pb.WatchExecutionResponse]:
        """Stream events from any number on."""
        record = await self._executions.get(tenant(), request.execution_id)
        end_when_draining()
        async for events in self._executions.watch(record, request.from_sequence):
            yield pb.WatchExecutionResponse(events=events)

    async def GetExecution(  # noqa: N802
        self, request: pb.GetExecutionRequest, context: Context
    ) -> pb.GetExecutionResponse:
        """Get an execution."""
        record = await self._executions.get(tenant(), request.execution_id)
        return pb.GetExecutionResponse(execution=await self._executions.whole(record))

    async def ListExecutions(  # noqa: N802
        self, request: pb.ListExecutionsRequest, context: Context
    ) -> pb.ListExecutionsResponse:
        """List a session's executions."""
        session = await self._sessions.get(tenant(), request.session_id)
        page = await self._executions.list(session, request.page_size, request.page_token)
        return pb.ListExecutionsResponse(executions=page.items, next_page_token=page.next_token)

    async def CancelExecution(  # noqa: N802
        self, request: pb.CancelExecutionRequest, context: Context
    ) -> pb.CancelExecutionResponse:
        """Interrupt or unqueue an execution."""
        owner = tenant()
        await uninterrupted(self._cancel(owner, request.execution_id))
        record = await self._executions.get(owner, request.execution_id)
        return pb.CancelExecutionResponse(execution=await self._executions.whole(record))

    async def CompleteCode(  # noqa: N802
        self, request: pb.CompleteCodeRequest, context: Context
    ) -> pb.CompleteCodeResponse:
        """Ask a kernel what may stand at a place in code."""
        owner = tenant()
        async with self._sessions.using(owner, request.session_id) as live:
            return await self._introspection.complete(
                owner, live.agent, request.code, _place(request)
            )

    async def InspectCode(  # noqa: N802
        self, request: pb.InspectCodeRequest, context: Context
    ) -> pb.InspectCodeResponse:
        """Ask a kernel what a name is."""
        owner = tenant()
        async with self._sessions.using(owner, request.session_id) as live:
            return await self._introspection.inspect(
                owner, live.agent, request.code, _place(request), request.detail_level
            )

    async def IsCodeComplete(  # noqa: N802
        self, request: pb.IsCodeCompleteRequest, context: Context
    ) -> pb.IsCodeCompleteResponse:
        """Ask a kernel whether code could run."""
        owner = tenant()
        async with self._sessions.using(owner, request.session_id) as live:
            return await self._introspection.is_complete(owner, live.agent, request.code)

    async def _accepted(self, tenant: str, session_id: str, new: NewExecution) -> ExecutionRecord:
        """The execution, new or known; most are new, and so it is tried first."""
        try:
            live = await self._sessions.live(tenant, session_id)
            return await self._executions.submit(live.record, live.runner, new)
        except CellblockError:
            # A session that has ended, or is full by now, may have run it before.
            known = await self._executions.known(tenant, session_id, new)
            if known is None:
                raise
            return known

    async def _followed(
        self, record: ExecutionRecord, *, cancel: bool
    ) -> AsyncIterator[list[pb.ExecutionEvent]]:
        """All events; with `cancel`, a caller who leaves before the last one ends it.

        The first ones name the execution: from then on the caller can resume the stream.
        """
        ended = False
        try:
            async for events in self._executions.watch(record, 1):
                ended = events[-1].HasField("completed")
                yield events
                if not ended:
                    end_when_draining()
        finally:
            if cancel and not ended and not is_ended_by_draining():
                await uninterrupted(self._cancel(record.tenant, record.id))

    async def _cancel(self, owner: str, execution_id: str) -> None:
        record = await self._executions.get(owner, execution_id)
        if record.status not in EXECUTION_ENDS:
            live = await self._sessions.live(owner, record.session_id)
            await live.runner.cancel(execution_id)


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
    """Pieces of code up to the end. Raises InvalidArgumentError if they break off."""
    if beginning:
        yield beginning
    async for request in requests:
        kind = request.WhichOneof("payload")
        if kind == "end":
            return
        if kind != "code":
            raise InvalidArgumentError("code", "must be every message but the first and last")
        yield request.code
    # gRPC ends the requests of a cancelled call as it ends complete ones.
    raise InvalidArgumentError("end", "must be the last message: the stream broke off")
