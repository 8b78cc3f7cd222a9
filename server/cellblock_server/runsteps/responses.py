"""Tool calls in the shape of the Responses API: pure.

Source: the `openai` package's models (`types/responses/response_code_interpreter_*.py`).
What OpenAI calls a container is a session here.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from cellblock.v1 import execution_pb2
from cellblock_server.runsteps.step import ToolCall, WholeStep
from cellblock_server.store.records import ExecutionRecord, ExecutionStatus

Json = dict[str, Any]
Event = tuple[str, Json]

STATUSES = {
    ExecutionStatus.QUEUED: "in_progress",
    ExecutionStatus.RUNNING: "interpreting",
    ExecutionStatus.COMPLETED: "completed",
    ExecutionStatus.FAILED: "failed",
    ExecutionStatus.CANCELLED: "incomplete",
    ExecutionStatus.EXPIRED: "incomplete",
}
CALL = "response.code_interpreter_call"


def items(step: WholeStep, urls: Mapping[str, str]) -> list[Json]:
    """A `code_interpreter_call` for each tool call. `urls` has one for each image's file id."""
    return [item(call, urls) for call in step.calls]


def item(call: ToolCall, urls: Mapping[str, str]) -> Json:
    """A tool call as it is now."""
    execution = call.execution
    return {
        "id": item_id(execution),
        "type": "code_interpreter_call",
        "status": STATUSES[execution.status],
        "container_id": execution.session_id,
        "code": execution.code,
        "outputs": [_output(shown, urls) for shown in call.outputs],
    }


def begin_call(index: int, execution: ExecutionRecord) -> Iterator[Event]:
    """The events of a tool call that begins, up to its code."""
    name = item_id(execution)
    empty = {
        "id": name,
        "type": "code_interpreter_call",
        "status": "in_progress",
        "container_id": execution.session_id,
        "code": "",
        "outputs": None,
    }
    yield _event("response.output_item.added", index, item=empty)
    yield _event(f"{CALL}.in_progress", index, item_id=name)
    yield _event(f"{CALL}_code.delta", index, item_id=name, delta=execution.code)
    yield _event(f"{CALL}_code.done", index, item_id=name, code=execution.code)


def interpreting(index: int, execution: ExecutionRecord) -> Event:
    """The event of a tool call whose code the kernel has got."""
    return _event(f"{CALL}.interpreting", index, item_id=item_id(execution))


def end_call(index: int, call: ToolCall, urls: Mapping[str, str]) -> Iterator[Event]:
    """The events of a tool call that has ended: only here are its outputs."""
    if call.execution.status is ExecutionStatus.COMPLETED:
        yield _event(f"{CALL}.completed", index, item_id=item_id(call.execution))
    yield _event("response.output_item.done", index, item=item(call, urls))


def item_id(execution: ExecutionRecord) -> str:
    """The item's id: the execution's, with the prefix that items have."""
    return "ci_" + execution.id.removeprefix("call_")


def _output(shown: execution_pb2.Output, urls: Mapping[str, str]) -> Json:
    if shown.HasField("image"):
        return {"type": "image", "url": urls[shown.image.id]}
    return {"type": "logs", "logs": shown.logs}


def _event(name: str, index: int, **fields: Any) -> Event:  # noqa: ANN401 - JSON
    # Whoever sends it puts its sequence number in.
    return name, {"type": name, "output_index": index, **fields}
