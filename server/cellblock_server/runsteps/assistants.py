"""Run steps in the format of the Assistants API: pure functions.

Source: the `openai` package's models (`types/beta/threads/runs/run_step.py`,
`types/beta/assistant_stream_event.py`) and its accumulator of deltas
(`lib/streaming/_deltas.py`), which appends strings and lists of a delta to those sent before: each
piece, an id included, is sent once.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from cellblock.v1 import execution_pb2
from cellblock_server.executions.outputs import OutputDelta
from cellblock_server.runsteps.step import RunStepStatus, ToolCall, WholeStep
from cellblock_server.store.records import ExecutionRecord

Json = dict[str, Any]
Event = tuple[str, Json]
"""Name and data of a server-sent event."""

ENDS = {
    RunStepStatus.COMPLETED: "completed",
    RunStepStatus.FAILED: "failed",
    RunStepStatus.CANCELLED: "cancelled",
    RunStepStatus.EXPIRED: "expired",
}


def run_step(step: WholeStep) -> Json:
    """Return a complete run step."""
    record, status = step.record, step.status
    end = step.end_time
    times: Json = {f"{name}_at": None for name in ENDS.values()}
    if status in ENDS and end is not None:
        times[f"{ENDS[status]}_at"] = int(end.timestamp())
    failed = status is RunStepStatus.FAILED
    return {
        "id": record.id,
        "object": "thread.run.step",
        "created_at": int(record.create_time.timestamp()),
        "run_id": record.run_id,
        "assistant_id": record.assistant_id,
        "thread_id": record.thread_id,
        "type": "tool_calls",
        "status": ENDS.get(status, "in_progress"),
        **times,
        "last_error": (
            {"code": "server_error", "message": step.failure_message} if failed else None
        ),
        "metadata": {},
        "usage": None,
        "step_details": {"type": "tool_calls", "tool_calls": list(map(_tool_call, step.calls))},
    }


def begin(step: WholeStep) -> Iterator[Event]:
    """Yield the first events of a run step; its tool calls follow as deltas."""
    data = run_step(WholeStep(step.record, (), is_open=True))
    yield "thread.run.step.created", data
    yield "thread.run.step.in_progress", data


class CallEvents:
    """Builds the events of one tool call."""

    def __init__(self, step_id: str, index: int, execution: ExecutionRecord) -> None:
        """Build events of the step's tool call at `index`."""
        self._step_id = step_id
        self._index = index
        self._execution = execution

    def begin(self, code: str) -> list[Event]:
        """Return the first events, with the code or the first piece of it."""
        return [self._delta(id=self._execution.id, input=code, outputs=[])]

    def more_code(self, code: str) -> list[Event]:
        """Return the events of the next piece of code."""
        return [self._delta(input=code)]

    def code_done(self, _code: str) -> list[Event]:
        """Return no events: this format has none for complete code."""
        return []

    def started(self) -> list[Event]:
        """Return no events: this format has none for the start in the kernel."""
        return []

    def output(self, delta: OutputDelta) -> list[Event]:
        """Return the events of output that became final."""
        if delta.image is not None:
            shown: Json = {"type": "image", "image": {"file_id": delta.image.id}}
        else:
            shown = {"type": "logs", "logs": delta.logs}
        return [self._delta(outputs=[{"index": delta.index, **shown}])]

    def end(self, _call: ToolCall, _urls: Mapping[str, str]) -> list[Event]:
        """Return no events: this format has none for the end of a tool call."""
        return []

    def _delta(self, *, id: str = "", **interpreter: Any) -> Event:  # noqa: A002, ANN401 - JSON
        call = {
            "index": self._index,
            "type": "code_interpreter",
            **({"id": id} if id else {}),
            "code_interpreter": interpreter,
        }
        details = {"type": "tool_calls", "tool_calls": [call]}
        return "thread.run.step.delta", {
            "id": self._step_id,
            "object": "thread.run.step.delta",
            "delta": {"step_details": details},
        }


def end(step: WholeStep) -> Event:
    """Return the last event of a run step."""
    return f"thread.run.step.{ENDS[step.status]}", run_step(step)


def _tool_call(call: ToolCall) -> Json:
    return {
        "id": call.execution.id,
        "type": "code_interpreter",
        "code_interpreter": {
            "input": call.execution.code,
            "outputs": list(map(_output, call.outputs)),
        },
    }


def _output(shown: execution_pb2.Output) -> Json:
    if shown.HasField("image"):
        return {"type": "image", "image": {"file_id": shown.image.id}}
    return {"type": "logs", "logs": shown.logs}
