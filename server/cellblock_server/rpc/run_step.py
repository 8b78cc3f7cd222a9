"""RunStepService: translates between requests and use cases of run steps."""

import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, TypeAlias

import grpc

from cellblock.v1 import file_pb2, run_step_pb2_grpc
from cellblock.v1 import run_step_pb2 as pb
from cellblock_server.app.run_steps import RunStepUseCases
from cellblock_server.common.errors import InvalidArgumentError
from cellblock_server.files.messages import file_message
from cellblock_server.rpc.caller import tenant
from cellblock_server.runsteps.run_step_service import ShownStep, Watched
from cellblock_server.runsteps.step import Format
from cellblock_server.store.records import StepFilter

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"


class RunStepServicer(run_step_pb2_grpc.RunStepServiceServicer):
    """See `run_step.proto`."""

    def __init__(self, steps: RunStepUseCases) -> None:
        """Translate to and from `steps`."""
        self._steps = steps

    async def ListRunSteps(  # noqa: N802
        self, request: pb.ListRunStepsRequest, context: Context
    ) -> pb.ListRunStepsResponse:
        """Return a page of run steps."""
        page = await self._steps.list(tenant(), _filter(request), _format(request.format))
        return pb.ListRunStepsResponse(
            data=map(_message, page.steps),
            first_id=page.steps[0].record.id if page.steps else "",
            last_id=page.steps[-1].record.id if page.steps else "",
            has_more=page.has_more,
        )

    async def GetRunStep(  # noqa: N802
        self, request: pb.GetRunStepRequest, context: Context
    ) -> pb.GetRunStepResponse:
        """Return a run step."""
        step = await self._steps.get(tenant(), request.step_id, _format(request.format))
        return pb.GetRunStepResponse(step=_message(step))

    async def WatchRunSteps(  # noqa: N802
        self, request: pb.WatchRunStepsRequest, context: Context
    ) -> AsyncIterator[pb.WatchRunStepsResponse]:
        """Stream events of run steps."""
        watching = self._steps.watch(tenant(), _watched(request), _format(request.format))
        async with aclosing(watching) as events:
            async for event in events:
                yield pb.WatchRunStepsResponse(
                    step_id=event.step_id,
                    sequence=event.sequence,
                    event=event.name,
                    data=json.dumps(event.data, ensure_ascii=False),
                )

    async def ResolveAnnotations(  # noqa: N802
        self, request: pb.ResolveAnnotationsRequest, context: Context
    ) -> pb.ResolveAnnotationsResponse:
        """Find links to files in a text, and return them as annotations."""
        resolved, shown = await self._steps.resolve_annotations(
            tenant(), request.session_id, request.text, _format(request.format)
        )
        response = pb.ResolveAnnotationsResponse(
            unknown=resolved.unknown, json=json.dumps(shown, ensure_ascii=False)
        )
        for link, file in resolved.links:
            response.annotations.add(
                text=link.text, start_index=link.start, end_index=link.end, file=file_message(file)
            )
        return response


def _message(step: ShownStep) -> pb.RunStep:
    record = step.record
    message = pb.RunStep(
        id=record.id,
        session_id=record.session_id,
        thread_id=record.thread_id,
        run_id=record.run_id,
        assistant_id=record.assistant_id,
        status=pb.RunStepStatus.ValueType(step.status),
        execution_ids=step.execution_ids,
        json=step.json,
    )
    message.create_time.FromDatetime(record.create_time)
    return message


def _filter(request: pb.ListRunStepsRequest) -> StepFilter:
    return StepFilter(
        session_id=request.session_id,
        thread_id=request.thread_id,
        run_id=request.run_id,
        limit=request.limit,
        oldest_first=_oldest_first(request.order),
        after=request.after,
        before=request.before,
    )


def _format(value: int) -> Format:
    if value == pb.RUN_STEP_FORMAT_UNSPECIFIED:
        return Format.ASSISTANTS
    try:
        return Format(value)
    except ValueError as error:
        raise InvalidArgumentError("format", f"unknown format {value}") from error


def _oldest_first(order: int) -> bool:
    if order not in file_pb2.ListOrder.values():
        raise InvalidArgumentError("order", f"unknown order {order}")
    return order == file_pb2.LIST_ORDER_ASCENDING


def _watched(request: pb.WatchRunStepsRequest) -> Watched:
    return Watched(
        step_id=request.step_id,
        run_id=request.run_id,
        thread_id=request.thread_id,
        session_id=request.session_id,
        after_step_id=request.after_step_id,
        after_sequence=request.after_sequence,
    )
