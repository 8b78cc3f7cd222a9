"""Run steps as the `openai` package reads them: its models, strictly, and its accumulator."""

import json
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.lib.streaming._assistants import accumulate_run_step
from openai.types.beta import AssistantStreamEvent
from openai.types.beta.threads.runs import RunStep
from openai.types.responses import ResponseCodeInterpreterToolCall, ResponseStreamEvent
from pydantic import BaseModel, TypeAdapter

from cellblock.v1 import execution_pb2 as pb
from cellblock_server.executions.outputs import OutputStream, WholeOutputs
from cellblock_server.runsteps import assistants, responses
from cellblock_server.runsteps.step import ToolCall, WholeStep
from cellblock_server.store.records import (
    ExecutionRecord,
    ExecutionStatus,
    Failure,
    FailureCause,
    RunStepRecord,
)
from tests.support.records import PLACE, START, execution_record
from tests.unit.server.test_outputs import (
    CUT,
    ERROR,
    OTHER,
    PICTURE,
    clear,
    display,
    err,
    image,
    out,
    result,
    update,
)

SHOWN = st.sampled_from(
    [
        out("a"), out("b\n"), err("c\n"), result(text_plain="1"), display("d", text_plain="2"),
        image(), image("i"), update("d", text_plain="3"), update("i", OTHER), clear(), CUT, ERROR,
        display(text_html="<p>"), out("\x1b[31mred\r"),
    ]
)  # fmt: skip
ENDS = st.sampled_from(
    [
        ExecutionStatus.COMPLETED,
        ExecutionStatus.FAILED,
        ExecutionStatus.CANCELLED,
        ExecutionStatus.EXPIRED,
    ]
)
URLS = {PICTURE.id: "https://x/file-1", OTHER.id: "https://x/file-2"}


MODELS: tuple[Any, ...] = (
    AssistantStreamEvent,
    ResponseCodeInterpreterToolCall,
    ResponseStreamEvent,
    RunStep,
)
ADAPTERS: dict[Any, TypeAdapter[Any]] = {model: TypeAdapter(model) for model in MODELS}


def step_record() -> RunStepRecord:
    return PLACE.step(START)


def ended(number: int, status: ExecutionStatus) -> ExecutionRecord:
    failure = Failure(FailureCause.TIME_LIMIT, "time limit of 1 s reached")
    return replace(
        execution_record(f"call_{number}", number),
        code=f"print({number})",
        status=status,
        end_time=START + timedelta(seconds=number),
        failure=None if status is ExecutionStatus.COMPLETED else failure,
    )


def strictly(model: Any, data: dict[str, Any]) -> Any:
    """Parse as the package does; nothing is missing, of another type, or unknown."""
    adapter = ADAPTERS[model]
    parsed = adapter.validate_python(data, strict=True)
    assert adapter.dump_python(parsed, mode="json", exclude_unset=True) == data
    assert not list(extras(parsed))
    return parsed


def extras(value: object) -> Any:
    if isinstance(value, BaseModel):
        yield from value.model_extra or {}
        for name in type(value).model_fields:
            yield from extras(getattr(value, name, None))
    elif isinstance(value, list):
        for item in value:
            yield from extras(item)


@given(calls=st.lists(st.tuples(st.lists(SHOWN, max_size=8), ENDS), min_size=1, max_size=3))
def test_the_accumulator_makes_the_whole_step_of_the_events(
    calls: list[tuple[list[pb.ExecutionEvent], ExecutionStatus]],
) -> None:
    record = step_record()
    events = list(assistants.begin(WholeStep(record, (), is_open=True)))
    done: list[ToolCall] = []
    for index, (shown, status) in enumerate(calls):
        execution = ended(index + 1, status)
        stream, whole = OutputStream(), WholeOutputs()
        shape = assistants.CallEvents(record.id, index, execution)
        # The code comes in two pieces.
        events += shape.begin(execution.code[:3]) + shape.more_code(execution.code[3:])
        for happened in shown:
            deltas = list(stream.add(happened))
            whole.add(iter(deltas))
            events += [event for delta in deltas for event in shape.output(delta)]
        deltas = list(stream.finish())
        whole.add(iter(deltas))
        events += [event for delta in deltas for event in shape.output(delta)]
        done.append(ToolCall(execution, whole.outputs))
    step = WholeStep(record, done, is_open=False)
    events.append(assistants.end(step))
    snapshots: dict[str, RunStep] = {}
    for name, data in events:
        event = strictly(AssistantStreamEvent, {"event": name, "data": deepcopy(data)})
        accumulate_run_step(event=event, run_step_snapshots=snapshots)
    listed = assistants.run_step(step)
    strictly(RunStep, listed)
    accumulated = snapshots[record.id].model_dump(mode="json", exclude_unset=True)
    assert without_indexes(accumulated["step_details"]) == listed["step_details"]
    # The last event has the status and the times.
    assert events[-1] == (f"thread.run.step.{listed['status']}", listed)
    assert json.loads(json.dumps(listed)) == listed


def without_indexes(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_indexes(item) for name, item in value.items() if name != "index"}
    return [without_indexes(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("ends", "status", "time", "error"),
    [
        ([ExecutionStatus.COMPLETED], "completed", "completed_at", None),
        ([ExecutionStatus.CANCELLED], "cancelled", "cancelled_at", None),
        ([ExecutionStatus.EXPIRED], "expired", "expired_at", None),
        ([ExecutionStatus.FAILED], "failed", "failed_at", "time limit of 1 s reached"),
        ([ExecutionStatus.COMPLETED, ExecutionStatus.FAILED], "failed", "failed_at", "time limit"),
        ([ExecutionStatus.RUNNING], "in_progress", None, None),
        ([ExecutionStatus.QUEUED, ExecutionStatus.FAILED], "in_progress", None, None),
    ],
)
def test_status_times_and_error(
    ends: list[ExecutionStatus], status: str, time: str | None, error: str | None
) -> None:
    calls = [ToolCall(ended(number + 1, end)) for number, end in enumerate(ends)]
    data = assistants.run_step(WholeStep(step_record(), calls, is_open=False))
    assert strictly(RunStep, data).status == status
    set_times = {name for name in data if name.endswith("_at") and data[name] is not None}
    assert set_times == {"created_at", *([time] if time else [])}
    if error is None:
        assert data["last_error"] is None
    else:
        assert data["last_error"]["code"] == "server_error"
        assert error in data["last_error"]["message"]


def test_a_step_that_waits_for_more_is_in_progress() -> None:
    calls = [ToolCall(ended(1, ExecutionStatus.COMPLETED))]
    assert assistants.run_step(WholeStep(step_record(), calls, is_open=True))["status"] == (
        "in_progress"
    )


@given(shown=st.lists(SHOWN, max_size=8), status=ENDS)
def test_items_and_events_of_the_responses_api(
    shown: list[pb.ExecutionEvent], status: ExecutionStatus
) -> None:
    execution = ended(1, status)
    stream, whole = OutputStream(), WholeOutputs()
    for happened in shown:
        whole.add(stream.add(happened))
    whole.add(stream.finish())
    call = ToolCall(execution, whole.outputs)
    shape = responses.CallEvents("step_1", 0, execution)
    events = [
        *shape.begin(execution.code[:3]),
        *shape.more_code(execution.code[3:]),
        *shape.code_done(execution.code),
        *shape.started(),
        *shape.end(call, URLS),
    ]
    for sequence, (name, data) in enumerate(events):
        data["sequence_number"] = sequence
        assert strictly(ResponseStreamEvent, data).type == name
    (item,) = responses.items(WholeStep(step_record(), [call], is_open=False), URLS)
    strictly(ResponseCodeInterpreterToolCall, item)
    code = "".join(data["delta"] for name, data in events if name.endswith("code.delta"))
    assert code == item["code"] == execution.code
    assert events[-1][1]["item"] == item
