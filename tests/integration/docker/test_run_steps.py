"""Run steps of real executions, as the `openai` package reads them."""

import json
import queue
import threading
from collections.abc import Callable, Iterator
from secrets import token_hex
from typing import Any

import grpc
import pytest
from openai.lib.streaming._assistants import accumulate_run_step
from openai.types.beta import AssistantStreamEvent
from openai.types.beta.threads.runs import RunStep
from openai.types.responses import ResponseCodeInterpreterToolCall, ResponseStreamEvent

from cellblock.v1 import execution_pb2, execution_pb2_grpc, run_step_pb2_grpc
from cellblock.v1 import run_step_pb2 as pb
from cellblock_client import Client
from cellblock_client.client import Session
from tests.support.server import ServerProcess
from tests.support.waiting import until
from tests.unit.server.test_run_step_shapes import strictly, without_indexes

RESPONSES = pb.RUN_STEP_FORMAT_RESPONSES


class Steps:
    """The service, and executions that say where they stand."""

    def __init__(self, channel: grpc.Channel) -> None:
        self.stub = run_step_pb2_grpc.RunStepServiceStub(channel)
        self._executions = execution_pb2_grpc.ExecutionServiceStub(channel)

    def run(self, session: Session, code: str, **place: Any) -> str:
        """Run code to its end; the run step's id."""
        request = execution_pb2.ExecuteRequest(session_id=session.id, code=code)
        request.place.CopyFrom(execution_pb2.RunStepPlace(**place))
        *_, last = self._executions.Execute(request)
        return str(last.events[-1].completed.execution.step_id)

    def get(self, step_id: str, form: Any = 0) -> Any:
        step = self.stub.GetRunStep(pb.GetRunStepRequest(step_id=step_id, format=form)).step
        return json.loads(step.json)

    def events(self, **request: Any) -> Iterator[tuple[str, Any]]:
        for event in self.stub.WatchRunSteps(pb.WatchRunStepsRequest(**request)):
            yield event.event, json.loads(event.data)

    def list(self, **request: Any) -> pb.ListRunStepsResponse:
        return self.stub.ListRunSteps(pb.ListRunStepsRequest(**request))


@pytest.fixture
def steps(server: str) -> Iterator[Steps]:
    with grpc.insecure_channel(server) as channel:
        yield Steps(channel)


def name(prefix: str) -> str:
    """Return an id that the caller chooses."""
    return f"{prefix}_{token_hex(8)}"


def accumulated(events: Iterator[tuple[str, Any]]) -> tuple[Any, Any]:
    """Build a run step with the package from the events; return it and the last event's data."""
    snapshots: dict[str, RunStep] = {}
    data: Any = None
    for name, data in events:
        event = strictly(AssistantStreamEvent, {"event": name, "data": data})
        accumulate_run_step(event=event, run_step_snapshots=snapshots)
    (snapshot,) = snapshots.values()
    return without_indexes(snapshot.model_dump(mode="json", exclude_unset=True)), data


CODE = """
import sys, matplotlib.pyplot as plt
print('out'); print('err', file=sys.stderr)
for n in range(3): print(f'{n}/3', end='\\r')
plt.plot([1, 2]); plt.show()
print('between')
plt.plot([2, 1]); plt.show()
1 / 0
"""


def test_a_whole_step_and_its_events(steps: Steps, client: Client, session: Session) -> None:
    made = steps.run(session, CODE)
    step = steps.get(made)
    strictly(RunStep, step)
    assert (step["status"], step["last_error"]) == ("completed", None)
    assert step["thread_id"].startswith("thread_")
    assert step["run_id"].startswith("run_")
    assert step["assistant_id"].startswith("asst_")
    (call,) = step["step_details"]["tool_calls"]
    assert call["code_interpreter"]["input"] == CODE
    kinds = [output["type"] for output in call["code_interpreter"]["outputs"]]
    assert kinds == ["logs", "image", "logs", "image", "logs"]
    first, picture, between, _, last = call["code_interpreter"]["outputs"]
    assert first["logs"] == "out\nerr\n2/3\n" or first["logs"].startswith("out\nerr\n2/3")
    assert between["logs"] == "between\n"
    assert last["logs"].rstrip().endswith("ZeroDivisionError: division by zero")
    assert client.files.read(picture["image"]["file_id"]).startswith(b"\x89PNG")
    snapshot, end = accumulated(steps.events(step_id=made))
    assert snapshot["step_details"] == step["step_details"]
    assert end == step


def test_events_come_while_code_runs(steps: Steps, session: Session) -> None:
    step, run = name("step"), name("run")
    runs = threading.Thread(
        target=steps.run,
        args=(session, "print('begun')\nimport os\nwhile not os.path.exists('go'): pass"),
        kwargs={"step_id": step, "run_id": run},
    )
    runs.start()
    try:
        events = steps.events(run_id=run)
        for _event, data in events:
            if "begun" in json.dumps(data):
                break
    finally:
        session.files.write("go", b"")
        runs.join()
    assert next(event for event, _ in events if "delta" not in event) == "thread.run.step.completed"


def test_one_step_with_several_calls(steps: Steps, session: Session) -> None:
    two = name("step")
    for number in range(2):
        steps.run(session, f"print({number})", step_id=two, more_calls=True)
        assert steps.get(two)["status"] == "in_progress"
    steps.run(session, "print(2)", step_id=two)
    step = steps.get(two)
    assert step["status"] == "completed"
    calls = step["step_details"]["tool_calls"]
    assert [call["code_interpreter"]["outputs"][0]["logs"] for call in calls] == [
        "0\n",
        "1\n",
        "2\n",
    ]
    snapshot, end = accumulated(steps.events(step_id=two))
    assert (snapshot["step_details"], end) == (step["step_details"], step)
    with pytest.raises(grpc.RpcError, match="has ended"):
        steps.run(session, "3", step_id=two)
    with pytest.raises(grpc.RpcError, match="another run_id"):
        steps.run(session, "3", step_id=two, run_id="run_other")


def test_another_step_or_the_sessions_end_completes_a_waiting_step(
    steps: Steps, client: Client
) -> None:
    first, second = name("step"), name("step")
    with client.sessions.create() as session:
        steps.run(session, "1", step_id=first, more_calls=True)
        steps.run(session, "2", step_id=second, more_calls=True)
        assert steps.get(first)["status"] == "completed"
        assert steps.get(second)["status"] == "in_progress"
        events = steps.events(session_id=session.id)
        seen = [next(events)]
    seen += events
    ends = [data["id"] for event, data in seen if event == "thread.run.step.completed"]
    assert ends == [first, second]


def test_failed_cancelled_and_kernel_death_steps(steps: Steps, session: Session) -> None:
    made = steps.run(session, "import os; os._exit(3)")
    step = strictly(RunStep, steps.get(made))
    assert step.status == "failed"
    assert step.last_error.message.startswith("the kernel died: exit code 3")
    assert accumulated(steps.events(step_id=made))[1] == steps.get(made)


def test_pages_are_those_of_the_assistants_api(steps: Steps, session: Session) -> None:
    run = name("run")
    names = [steps.run(session, "1", run_id=run) for _ in range(5)]
    newest_first = names[::-1]

    def page(**request: Any) -> tuple[list[str], bool]:
        found = steps.list(run_id=run, **request)
        ids = [step.id for step in found.data]
        assert (found.first_id, found.last_id) == ((ids[0], ids[-1]) if ids else ("", ""))
        return ids, found.has_more

    assert page() == (newest_first, False)
    assert page(limit=2) == (newest_first[:2], True)
    assert page(limit=2, after=newest_first[1]) == (newest_first[2:4], True)
    assert page(limit=2, after=newest_first[3]) == (newest_first[4:], False)
    assert page(limit=2, before=newest_first[3]) == (newest_first[1:3], True)
    assert page(limit=3, before=newest_first[3]) == (newest_first[:3], False)
    assert page(order=1, limit=2) == (names[:2], True)
    assert page(order=1, limit=2, after=names[1]) == (names[2:4], True)
    assert page(order=1, limit=2, before=names[4]) == (names[2:4], True)
    assert [step.id for step in steps.list(session_id=session.id).data] == newest_first
    for bad, field in (({"limit": 101}, "limit"), ({"order": 7}, "order")):
        with pytest.raises(grpc.RpcError, match=f"{field}:"):
            steps.list(**bad)
    with pytest.raises(grpc.RpcError, match="no run step"):
        steps.list(after="step_none")


def test_events_resume_after_a_given_event(steps: Steps, session: Session) -> None:
    for _ in range(2):
        steps.run(session, "print(1)")
    session.delete()
    whole = list(steps.stub.WatchRunSteps(pb.WatchRunStepsRequest(session_id=session.id)))
    for place in (0, 3, len(whole) - 1):
        rest = steps.stub.WatchRunSteps(
            pb.WatchRunStepsRequest(
                session_id=session.id,
                after_step_id=whole[place].step_id,
                after_sequence=whole[place].sequence,
            )
        )
        assert list(rest) == whole[place + 1 :]


class Writer:
    """A model that writes code, as fast as a test lets it."""

    def __init__(self, session_id: str, **place: Any) -> None:
        self._start = execution_pb2.ExecuteRequest(
            session_id=session_id, code="pri", place=execution_pb2.RunStepPlace(**place)
        )
        self._pieces: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def write(self, piece: str | None) -> None:
        self._pieces.put(piece)

    def __iter__(self) -> Iterator[execution_pb2.ExecuteStreamRequest]:
        yield execution_pb2.ExecuteStreamRequest(start=self._start)
        while (piece := self._pieces.get()) is not None:
            yield execution_pb2.ExecuteStreamRequest(code=piece)
        yield execution_pb2.ExecuteStreamRequest(end=execution_pb2.EndOfCode())


def inputs(events: Iterator[tuple[str, Any]]) -> Iterator[str]:
    for event, data in events:
        if event == "thread.run.step.delta":
            (call,) = data["delta"]["step_details"]["tool_calls"]
            if "input" in call["code_interpreter"]:
                yield call["code_interpreter"]["input"]


def test_code_is_seen_while_it_is_written(server: str, steps: Steps, session: Session) -> None:
    step, run = name("step"), name("run")
    writer = Writer(session.id, step_id=step, run_id=run)
    with grpc.insecure_channel(server) as channel:
        stub = execution_pb2_grpc.ExecutionServiceStub(channel)
        call = stub.ExecuteStream(iter(writer))
        seen = inputs(steps.events(run_id=run))
        assert [next(seen), next(seen)] == ["", "pri"]
        writer.write("nt('wr")
        assert next(seen) == "nt('wr"
        assert steps.get(step)["status"] == "in_progress"
        writer.write("itten')")
        assert next(seen) == "itten')"
        writer.write(None)
        kinds = [event.WhichOneof("event") for response in call for event in response.events]
    assert kinds == ["code"] * 4 + ["queued", "started", "stdout", "completed"]
    whole = steps.get(step)
    interpreter = whole["step_details"]["tool_calls"][0]["code_interpreter"]
    assert interpreter["input"] == "print('written')"
    assert interpreter["outputs"] == [{"type": "logs", "logs": "written\n"}]
    snapshot, end = accumulated(steps.events(step_id=step))
    assert (snapshot["step_details"], end) == (whole["step_details"], whole)
    events = [data for _, data in steps.events(step_id=step, format=RESPONSES)]
    for data in events:
        strictly(ResponseStreamEvent, data)
    pieces = [data["delta"] for data in events if "delta" in data]
    assert "".join(pieces) == events[-1]["item"]["code"] == "print('written')"


def test_code_that_is_broken_off_does_not_run(server: str, steps: Steps, session: Session) -> None:
    step, run = name("step"), name("run")
    writer = Writer(session.id, step_id=step, run_id=run)
    with grpc.insecure_channel(server) as channel:
        call = execution_pb2_grpc.ExecutionServiceStub(channel).ExecuteStream(iter(writer))
        seen = inputs(steps.events(run_id=run))
        assert [next(seen), next(seen)] == ["", "pri"]
        call.cancel()
        writer.write(None)
    *_, (last, data) = steps.events(step_id=step)
    assert last == "thread.run.step.cancelled"
    assert data["step_details"]["tool_calls"][0]["code_interpreter"]["input"] == "pri"
    assert session.run("1").text == "1"


@pytest.mark.parametrize("pieces", [["\0"], ["x" * 2**20] * 2])
def test_invalid_code_is_refused_while_it_is_written(
    server: str, steps: Steps, session: Session, pieces: list[str]
) -> None:
    step = name("step")
    writer = Writer(session.id, step_id=step)
    for piece in [*pieces, None]:
        writer.write(piece)
    with grpc.insecure_channel(server) as channel:
        call = execution_pb2_grpc.ExecutionServiceStub(channel).ExecuteStream(iter(writer))
        with pytest.raises(grpc.RpcError, match="code:"):
            list(call)
    assert steps.get(step)["status"] == "cancelled"


def test_code_that_a_killed_server_had_in_part_is_cancelled(
    new_server: Callable[..., ServerProcess],
) -> None:
    server = new_server()
    step = name("step")
    with Client(server.address) as client, grpc.insecure_channel(server.address) as channel:
        session = client.sessions.create()
        writer = Writer(session.id, step_id=step)
        call = execution_pb2_grpc.ExecutionServiceStub(channel).ExecuteStream(iter(writer))
        stub = run_step_pb2_grpc.RunStepServiceStub(channel)
        until(lambda: len(stub.ListRunSteps(pb.ListRunStepsRequest()).data) == 1)
        server.kill()
        writer.write(None)
        with pytest.raises(grpc.RpcError):
            list(call)
    server.start()
    with Client(server.address) as client, grpc.insecure_channel(server.address) as channel:
        *_, last = Steps(channel).events(step_id=step)
        assert last[0] == "thread.run.step.cancelled"
        session = client.sessions.get(session.id)
        assert session.run("1").text == "1"
        session.delete()


def test_the_responses_apis_shape(steps: Steps, session: Session) -> None:
    made = steps.run(session, CODE)
    (item,) = steps.get(made, RESPONSES)
    call = strictly(ResponseCodeInterpreterToolCall, item)
    assert (call.container_id, call.status, call.code) == (session.id, "completed", CODE)
    assert item["outputs"][1]["url"].startswith("data:image/png;base64,")
    events = list(steps.events(step_id=made, format=RESPONSES))
    for event, data in events:
        assert strictly(ResponseStreamEvent, data).type == event
    assert events[-1][1]["item"] == item
    numbers = [data["sequence_number"] for _, data in events]
    assert numbers == list(range(1, len(events) + 1))


def test_annotations(steps: Steps, session: Session) -> None:
    session.attach(b"x", "given.txt")
    session.run("open('my plot.png', 'w').write('1')")
    session.run("open('my plot.png', 'w').write('2')")
    text = (
        "😀 Here is [the plot](sandbox:/mnt/data/my%20plot.png), made of "
        "sandbox:/mnt/data/given.txt. Not sandbox:/mnt/data/none.csv."
    )
    request = pb.ResolveAnnotationsRequest(session_id=session.id, text=text)
    response = steps.stub.ResolveAnnotations(request)
    assert list(response.unknown) == ["sandbox:/mnt/data/none.csv"]
    plot, given = json.loads(response.json)
    for annotation in (plot, given):
        assert text[annotation["start_index"] : annotation["end_index"]] == annotation["text"]
    assert plot["text"] == "sandbox:/mnt/data/my%20plot.png"
    assert [item.file.filename for item in response.annotations] == ["my plot.png", "given.txt"]
    assert response.annotations[0].file.bytes == 1
    request.format = RESPONSES
    citation = json.loads(steps.stub.ResolveAnnotations(request).json)[0]
    assert (citation["type"], citation["container_id"]) == ("container_file_citation", session.id)


def test_a_link_means_the_right_version_of_a_similar_name(steps: Steps, session: Session) -> None:
    session.attach(b"x", "Given Table.CSV")
    session.run("open('cafe\\u0301.csv', 'w').write('1')")
    session.run("open('cafe\\u0301.csv', 'w').write('22')")
    session.run("import os; os.rename('cafe\\u0301.csv', 'menu.csv')")
    session.run("open('menu.csv', 'w').write('333')")
    text = "[a](sandbox:/mnt/data/given%20table.csv) [b](./caf\u00e9.csv) ![c](/mnt/data/menu.csv)"
    request = pb.ResolveAnnotationsRequest(session_id=session.id, text=text)
    response = steps.stub.ResolveAnnotations(request)
    assert [(item.file.filename, item.file.bytes) for item in response.annotations] == [
        ("Given Table.CSV", 1),
        ("cafe\u0301.csv", 2),
        ("menu.csv", 3),
    ]
    assert not response.unknown


@pytest.mark.parametrize(
    ("place", "field"),
    [
        ({"run_id": "x"}, "place.run_id"),
        ({"step_id": "step_"}, "place.step_id"),
        ({"assistant_id": "a" * 100}, "place.assistant_id"),
        ({"thread_id": "t" * 257}, "place.thread_id"),
    ],
)
def test_invalid_positions_name_the_field(
    steps: Steps, shared_session: Session, place: dict[str, str], field: str
) -> None:
    with pytest.raises(grpc.RpcError, match=f"{field}:"):
        steps.run(shared_session, "1", **place)
