"""Run steps in the shape of the Assistants API: pure.

Source: the `openai` package's models (`types/beta/threads/runs/run_step.py`,
`types/beta/assistant_stream_event.py`) and its accumulator of deltas
(`lib/streaming/_deltas.py`): strings and lists of a delta are added to what was sent
before, so each piece, an id included, is sent once.
"""

from collections.abc import Iterator
from typing import Any

from cellblock.v1 import execution_pb2
from cellblock_server.executions.outputs import OutputDelta
from cellblock_server.runsteps.step import RunStepStatus, ToolCall, WholeStep
from cellblock_server.store.records import ExecutionRecord

Json = dict[str, Any]
Event = tuple[str, Json]
"""Name and data, as of a server-sent event."""

ENDS = {
    RunStepStatus.COMPLETED: "completed",
    RunStepStatus.FAILED: "failed",
    RunStepStatus.CANCELLED: "cancelled",
    RunStepStatus.EXPIRED: "expired",
}


def run_step(step: WholeStep) -> Json:
    """A whole run step."""
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
    """The events of a run step that begins; its tool calls follow as deltas."""
    data = run_step(WholeStep(step.record, (), is_open=True))
    yield "thread.run.step.created", data
    yield "thread.run.step.in_progress", data


def begin_call(step_id: str, index: int, execution: ExecutionRecord) -> Event:
    """The event of a tool call that begins."""
    call = {"id": execution.id, "code_interpreter": {"input": execution.code, "outputs": []}}
    return _delta(step_id, index, call)


def output(step_id: str, index: int, delta: OutputDelta) -> Event:
    """The event of output that has become final."""
    if delta.image is not None:
        shown: Json = {"type": "image", "image": {"file_id": delta.image.id}}
    else:
        shown = {"type": "logs", "logs": delta.logs}
    outputs = [{"index": delta.index, **shown}]
    return _delta(step_id, index, {"code_interpreter": {"outputs": outputs}})


def end(step: WholeStep) -> Event:
    """The last event."""
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


def _delta(step_id: str, index: int, call: Json) -> Event:
    details = {
        "type": "tool_calls",
        "tool_calls": [{"index": index, "type": "code_interpreter", **call}],
    }
    data = {"id": step_id, "object": "thread.run.step.delta", "delta": {"step_details": details}}
    return "thread.run.step.delta", data
