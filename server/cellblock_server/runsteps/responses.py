"""Tool calls in the shape of the Responses API: pure.

Source: the `openai` package's models (`types/responses/response_code_interpreter_*.py`).
What OpenAI calls a container is a session here.
"""

from collections.abc import Mapping
from typing import Any

from cellblock.v1 import execution_pb2
from cellblock_server.executions.outputs import OutputDelta
from cellblock_server.runsteps.step import ToolCall, WholeStep
from cellblock_server.store.records import ExecutionRecord, ExecutionStatus

Json = dict[str, Any]
Event = tuple[str, Json]

STATUSES = {
    ExecutionStatus.RECEIVING: "in_progress",
    ExecutionStatus.QUEUED: "in_progress",
    ExecutionStatus.RUNNING: "interpreting",
    ExecutionStatus.COMPLETED: "completed",
    ExecutionStatus.FAILED: "failed",
    ExecutionStatus.CANCELLED: "incomplete",
    ExecutionStatus.EXPIRED: "incomplete",
}


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


class CallEvents:
    """The events of one tool call."""

    def __init__(self, _step_id: str, index: int, execution: ExecutionRecord) -> None:
        """It is the output item at `index`."""
        self._index = index
        self._execution = execution
        self._id = item_id(execution)

    def begin(self, code: str) -> list[Event]:
        """It begins, with its code or the first piece of it."""
        empty = {
            "id": self._id,
            "type": "code_interpreter_call",
            "status": "in_progress",
            "container_id": self._execution.session_id,
            "code": "",
            "outputs": None,
        }
        return [
            _event("response.output_item.added", self._index, item=empty),
            self._event(".in_progress"),
            *self.more_code(code),
        ]

    def more_code(self, code: str) -> list[Event]:
        """The next piece of its code."""
        return [self._event("_code.delta", delta=code)]

    def code_done(self, code: str) -> list[Event]:
        """All of its code has come."""
        return [self._event("_code.done", code=code)]

    def started(self) -> list[Event]:
        """The kernel has got it."""
        return [self._event(".interpreting")]

    def output(self, _delta: OutputDelta) -> list[Event]:
        """Output has become final; only the item at the end tells of it here."""
        return []

    def end(self, call: ToolCall, urls: Mapping[str, str]) -> list[Event]:
        """It has ended, with all that it showed."""
        completed = call.execution.status is ExecutionStatus.COMPLETED
        done = _event("response.output_item.done", self._index, item=item(call, urls))
        return [self._event(".completed"), done] if completed else [done]

    def _event(self, name: str, **fields: Any) -> Event:  # noqa: ANN401 - JSON
        name = "response.code_interpreter_call" + name
        return _event(name, self._index, item_id=self._id, **fields)


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
