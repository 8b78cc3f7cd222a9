"""RunStepService: requests to calls of `runsteps/`, and back."""

import json
from collections.abc import AsyncIterator
from typing import Any, TypeAlias

import grpc

from cellblock.v1 import file_pb2, run_step_pb2_grpc
from cellblock.v1 import run_step_pb2 as pb
from cellblock_server.app.draining import end_when_draining
from cellblock_server.common.errors import InvalidArgumentError, OutOfRangeError
from cellblock_server.files.messages import file_message
from cellblock_server.rpc.caller import tenant
from cellblock_server.runsteps.resolver import AnnotationResolver
from cellblock_server.runsteps.run_step_service import RunStepService, Watched
from cellblock_server.runsteps.step import Format
from cellblock_server.store.records import StepFilter

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"

DEFAULT_LIMIT = 20
MAX_LIMIT = 100
MAX_TEXT_BYTES = 2**20


class RunStepServicer(run_step_pb2_grpc.RunStepServiceServicer):
    """See `run_step.proto`."""

    def __init__(self, steps: RunStepService, annotations: AnnotationResolver) -> None:
        """Serve these."""
        self._steps = steps
        self._annotations = annotations

    async def ListRunSteps(  # noqa: N802
        self, request: pb.ListRunStepsRequest, context: Context
    ) -> pb.ListRunStepsResponse:
        """List run steps."""
        if not 0 <= request.limit <= MAX_LIMIT:
            raise OutOfRangeError(
                "limit", f"must be 1 to {MAX_LIMIT}, or 0 for {DEFAULT_LIMIT}, got {request.limit}"
            )
        if request.after and request.before:
            raise InvalidArgumentError("before", "can't be given together with after")
        wanted = StepFilter(
            session_id=request.session_id,
            thread_id=request.thread_id,
            run_id=request.run_id,
            limit=request.limit or DEFAULT_LIMIT,
            oldest_first=_oldest_first(request.order),
            after=request.after,
            before=request.before,
        )
        page = await self._steps.list(tenant(), wanted, _format(request.format))
        return pb.ListRunStepsResponse(
            data=page.steps,
            first_id=page.steps[0].id if page.steps else "",
            last_id=page.steps[-1].id if page.steps else "",
            has_more=page.has_more,
        )

    async def GetRunStep(  # noqa: N802
        self, request: pb.GetRunStepRequest, context: Context
    ) -> pb.GetRunStepResponse:
        """Get a run step."""
        form = _format(request.format)
        return pb.GetRunStepResponse(step=await self._steps.get(tenant(), request.step_id, form))

    async def WatchRunSteps(  # noqa: N802
        self, request: pb.WatchRunStepsRequest, context: Context
    ) -> AsyncIterator[pb.WatchRunStepsResponse]:
        """Stream events of run steps."""
        form, watched = _format(request.format), _watched(request)
        end_when_draining()
        async for event in self._steps.watch(tenant(), watched, form):
            yield pb.WatchRunStepsResponse(
                step_id=event.step_id,
                sequence=event.sequence,
                event=event.name,
                data=json.dumps(event.data, ensure_ascii=False),
            )

    async def ResolveAnnotations(  # noqa: N802
        self, request: pb.ResolveAnnotationsRequest, context: Context
    ) -> pb.ResolveAnnotationsResponse:
        """Find links to files in a text."""
        size = len(request.text.encode())
        if size > MAX_TEXT_BYTES:
            raise OutOfRangeError("text", f"must be at most {MAX_TEXT_BYTES} bytes, got {size}")
        form = _format(request.format)
        resolved = await self._annotations.resolve(tenant(), request.session_id, request.text)
        response = pb.ResolveAnnotationsResponse(unknown=resolved.unknown)
        shown = []
        for link, file in resolved.links:
            response.annotations.add(
                text=link.text, start_index=link.start, end_index=link.end, file=file_message(file)
            )
            places = {"start_index": link.start, "end_index": link.end}
            if form is Format.RESPONSES:
                shown.append(
                    {
                        "type": "container_file_citation",
                        "container_id": request.session_id,
                        "file_id": file.id,
                        "filename": file.filename,
                        **places,
                    }
                )
            else:
                shown.append(
                    {
                        "type": "file_path",
                        "text": link.text,
                        **places,
                        "file_path": {"file_id": file.id},
                    }
                )
        response.json = json.dumps(shown, ensure_ascii=False)
        return response


def _format(value: int) -> Format:
    if value == pb.RUN_STEP_FORMAT_UNSPECIFIED:
        return Format.ASSISTANTS
    try:
        return Format(value)
    except ValueError as error:
        raise InvalidArgumentError("format", f"{value} is not a format") from error


def _oldest_first(order: int) -> bool:
    if order not in file_pb2.ListOrder.values():
        raise InvalidArgumentError("order", f"{order} is not an order")
    return order == file_pb2.LIST_ORDER_ASCENDING


def _watched(request: pb.WatchRunStepsRequest) -> Watched:
    named = [
        name for name in ("step_id", "run_id", "thread_id", "session_id") if getattr(request, name)
    ]
    if len(named) != 1:
        raise InvalidArgumentError(
            "step_id", "must be given, or one of run_id, thread_id and session_id, and no more"
        )
    if request.after_sequence < 0:
        raise OutOfRangeError("after_sequence", f"must be at least 0, got {request.after_sequence}")
    return Watched(
        step_id=request.step_id,
        run_id=request.run_id,
        thread_id=request.thread_id,
        session_id=request.session_id,
        after_step_id=request.after_step_id,
        after_sequence=request.after_sequence,
    )
