"""Tool calls in the format of the Responses API: pure functions.

Source: the `openai` package's models (`types/responses/response_code_interpreter_*.py`).
A container of OpenAI's API is a session.
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
    """Return a `code_interpreter_call` for each tool call. `urls` has a URL for each file id."""
    return [item(call, urls) for call in step.calls]


def item(call: ToolCall, urls: Mapping[str, str]) -> Json:
    """Return the current state of a tool call."""
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
    """Builds the events of one tool call."""

    def __init__(self, _step_id: str, index: int, execution: ExecutionRecord) -> None:
        """Build events of the output item at `index`."""
        self._index = index
        self._execution = execution
        self._id = item_id(execution)

    def begin(self, code: str) -> list[Event]:
        """Return the first events, with the code or the first piece of it."""
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
        """Return the events of the next piece of code."""
        return [self._event("_code.delta", delta=code)]

    def code_done(self, code: str) -> list[Event]:
        """Return the events of complete code."""
        return [self._event("_code.done", code=code)]

    def started(self) -> list[Event]:
        """Return the events of the start in the kernel."""
        return [self._event(".interpreting")]

    def output(self, _delta: OutputDelta) -> list[Event]:
        """Return no events: this format has output only in the item at the end."""
        return []

    def end(self, call: ToolCall, urls: Mapping[str, str]) -> list[Event]:
        """Return the last events, with all outputs."""
        completed = call.execution.status is ExecutionStatus.COMPLETED
        done = _event("response.output_item.done", self._index, item=item(call, urls))
        return [self._event(".completed"), done] if completed else [done]

    def _event(self, name: str, **fields: Any) -> Event:  # noqa: ANN401 - JSON
        name = "response.code_interpreter_call" + name
        return _event(name, self._index, item_id=self._id, **fields)


def item_id(execution: ExecutionRecord) -> str:
    """Return the item's id: the execution's, with the prefix of items."""
    return "ci_" + execution.id.removeprefix("call_")


def _output(shown: execution_pb2.Output, urls: Mapping[str, str]) -> Json:
    if shown.HasField("image"):
        return {"type": "image", "url": urls[shown.image.id]}
    return {"type": "logs", "logs": shown.logs}


def _event(name: str, index: int, **fields: Any) -> Event:  # noqa: ANN401 - JSON
    # The sender adds the sequence number.
    return name, {"type": name, "output_index": index, **fields}
