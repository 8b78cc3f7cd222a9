"""`cellblock logs` in each of its formats."""

import base64
import json
import os
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Any

import grpc
import pexpect
import pytest
from openai.lib.streaming._assistants import accumulate_run_step
from openai.types.beta import AssistantStreamEvent
from openai.types.beta.threads.runs import RunStep
from openai.types.responses import ResponseCodeInterpreterToolCall, ResponseStreamEvent

from cellblock.v1 import execution_pb2_grpc
from cellblock_client import Client, Place
from cellblock_client.client import Session
from tests.integration.cli.command import CELLBLOCK, cellblock, in_a_terminal
from tests.integration.docker.test_run_steps import Writer
from tests.unit.server.test_run_step_shapes import strictly, without_indexes

PLOT = "import matplotlib.pyplot as plt; plt.plot([1, 2]); plt.show()"
WAITS = "print('begun')\nimport os\nwhile not os.path.exists('go'): pass\nprint('done')"
# What is shown when `WAITS` runs, and how often by then. The Responses API has no output before
# the end.
BEGUN = {
    "pretty": ("\nbegun\n", 1),
    "json": ('"begun', 1),
    "openai": ('"begun', 1),
    "responses": ("event: response.code_interpreter_call.interpreting\n", 2),
}
FORMATS = list(BEGUN)


@pytest.fixture
def runs(session: Session) -> tuple[str, str]:
    """Two runs: the second one of two executions in one step."""
    first, second = f"run_{token_hex(8)}", f"run_{token_hex(8)}"
    step = f"step_{token_hex(8)}"
    session.run("print('one')", place=Place(run_id=first))
    session.run("print('two')", place=Place(run_id=second, step_id=step, more_calls=True))
    session.run("print('three'); 1 / 0", place=Place(run_id=second, step_id=step))
    return first, second


def log(server: str, session: Session, *options: str, cwd: Path) -> str:
    done = cellblock("logs", session.id, *options, cwd=cwd, address=server)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def json_lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def server_sent(text: str) -> list[tuple[str, Any]]:
    """Parse server-sent events like a browser."""
    assert text == "" or text.endswith("\n\n")
    found = []
    for block in text.split("\n\n")[:-1]:
        event, data = block.split("\n")
        found.append((event.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


@contextmanager
def following(
    server: str, session: Session, *options: str, cwd: Path
) -> "Iterator[subprocess.Popen[str]]":
    process = subprocess.Popen(
        ["env", "--default-signal=INT", CELLBLOCK, "logs", session.id, "--follow", *options],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "CELLBLOCK_ADDRESS": server},
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def followed(server: str, client: Client, form: str, cwd: Path) -> tuple[str, str, str]:
    """Return the output of `logs --follow` during and after the code, and of a later `logs`."""
    with client.sessions.create() as session:
        session.run("print('before')")
        runs = threading.Thread(target=session.run, args=(WAITS,))
        with following(server, session, "--format", form, cwd=cwd) as process:
            assert process.stdout is not None
            runs.start()
            try:
                early = ""
                while early.count(BEGUN[form][0]) < BEGUN[form][1]:
                    line = process.stdout.readline()
                    assert line, early
                    early += line
            finally:
                session.files.write("go", b"")
                runs.join()
            session.run("print('after')")
            session.delete()
            late = process.stdout.read()
            assert process.wait(20) == 0
    return early, late, log(server, session, "--format", form, "--follow", cwd=cwd)


def test_pretty_follows_until_the_session_ends(server: str, client: Client, tmp_path: Path) -> None:
    early, late, _again = followed(server, client, "pretty", tmp_path)
    assert "(running)\n  print('begun')\n" in early
    order = ["done\n", "(completed, ", "  print('after')\n", "after\n"]
    places = [late.index(part) for part in order]
    assert places == sorted(places)


def test_json_follows_until_the_session_ends(server: str, client: Client, tmp_path: Path) -> None:
    early, late, again = followed(server, client, "json", tmp_path)
    events = json_lines(early + late)
    text = "".join(event["text"] for event in events if event["event"] == "stdout")
    assert text == "before\nbegun\ndone\nafter\n"
    assert json_lines(again) == events


def test_openai_follows_until_the_session_ends(server: str, client: Client, tmp_path: Path) -> None:
    early, late, again = followed(server, client, "openai", tmp_path)
    events = server_sent(early + late)
    assert again == early + late
    snapshots: dict[str, RunStep] = {}
    ends = []
    for name, data in events:
        event = strictly(AssistantStreamEvent, {"event": name, "data": data})
        accumulate_run_step(event=event, run_step_snapshots=snapshots)
        if name == "thread.run.step.completed":
            ends.append(data)
            made = snapshots[data["id"]].model_dump(mode="json", exclude_unset=True)
            assert without_indexes(made["step_details"]) == data["step_details"]
    shown = [
        end["step_details"]["tool_calls"][0]["code_interpreter"]["outputs"][0]["logs"]
        for end in ends
    ]
    assert shown == ["before\n", "begun\ndone\n", "after\n"]


def test_responses_follow_until_the_session_ends(
    server: str, client: Client, tmp_path: Path
) -> None:
    early, late, again = followed(server, client, "responses", tmp_path)
    events = server_sent(early + late)
    assert again == early + late
    for name, data in events:
        assert strictly(ResponseStreamEvent, data).type == name
    done = [data["item"] for name, data in events if name == "response.output_item.done"]
    shown = [item["outputs"][0]["logs"] for item in done]
    assert shown == ["before\n", "begun\ndone\n", "after\n"]


def test_json_has_a_line_for_each_event(
    server: str, session: Session, runs: tuple[str, str], tmp_path: Path
) -> None:
    session.run("open('a.txt', 'w').write('\\x1b]0;title\\x07é'); print('\\x9b\\x1b[31mred')")
    text = log(server, session, "--format", "json", cwd=tmp_path)
    assert text.isascii()
    assert "\x1b" not in text
    events = json_lines(text)
    executions = list(session.executions())
    assert len(events) == sum(execution.last_sequence for execution in executions)
    for execution in executions:
        mine = [event for event in events if event["execution_id"] == execution.id]
        assert [event["sequence"] for event in mine] == list(range(1, len(mine) + 1))
        assert (mine[0]["code"], mine[0]["step_id"]) == (execution.code, execution.step_id)
        assert mine[-1]["event"] == "completed"
        assert mine[-1]["execution"]["status"] == "COMPLETED"
    names = {event["event"] for event in events}
    assert names == {"queued", "started", "stdout", "error", "file", "completed"}


def test_openai_is_an_array_of_whole_run_steps(
    server: str, session: Session, client: Client, runs: tuple[str, str], tmp_path: Path
) -> None:
    steps = json.loads(log(server, session, "--format", "openai", cwd=tmp_path))
    parsed = [strictly(RunStep, step) for step in steps]
    assert tuple(step.run_id for step in parsed) == runs
    assert [len(step.step_details.tool_calls) for step in parsed] == [1, 2]
    assert steps[1] == client.run_steps.get(parsed[1].id).data


def test_responses_is_an_array_of_items(
    server: str, session: Session, runs: tuple[str, str], tmp_path: Path
) -> None:
    items = json.loads(log(server, session, "--format", "responses", cwd=tmp_path))
    calls = [strictly(ResponseCodeInterpreterToolCall, item) for item in items]
    assert [call.code for call in calls] == [
        "print('one')",
        "print('two')",
        "print('three'); 1 / 0",
    ]
    assert {call.container_id for call in calls} == {session.id}


@pytest.mark.parametrize("form", FORMATS)
def test_an_empty_session_has_an_empty_log(
    server: str, session: Session, form: str, tmp_path: Path
) -> None:
    nothing = "[]\n" if form in ("openai", "responses") else ""
    assert log(server, session, "--format", form, cwd=tmp_path) == nothing


@pytest.mark.parametrize("options", [(), ("--follow",)], ids=["whole", "follow"])
@pytest.mark.parametrize("form", FORMATS)
def test_only_a_run(
    server: str,
    session: Session,
    runs: tuple[str, str],
    form: str,
    options: tuple[str, ...],
    tmp_path: Path,
) -> None:
    if options:
        session.delete()
    first, second = (
        log(server, session, "--format", form, "--run", run, *options, cwd=tmp_path) for run in runs
    )
    assert [code in first for code in ("'one'", "'two'", "'three'")] == [True, False, False]
    assert [code in second for code in ("'one'", "'two'", "'three'")] == [False, True, True]


@pytest.mark.parametrize("form", FORMATS)
def test_no_such_run_or_session(server: str, session: Session, form: str, tmp_path: Path) -> None:
    options = ("--format", form, "--run", "run_none")
    done = cellblock("logs", session.id, *options, cwd=tmp_path, address=server)
    said = f"cellblock: no run 'run_none' in session {session.id}\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", said)
    for follow in ((), ("--follow",)):
        done = cellblock("logs", "sess_no", "--format", form, *follow, cwd=tmp_path, address=server)
        assert (done.returncode, done.stderr) == (2, "cellblock: no session 'sess_no'\n")


@pytest.mark.parametrize("form", FORMATS)
def test_without_follow_the_command_does_not_wait(
    server: str, session: Session, form: str, tmp_path: Path
) -> None:
    seen = threading.Event()

    def run() -> None:
        for event in session.execute(WAITS):
            if "begun" in getattr(event, "text", ""):
                seen.set()

    runs = threading.Thread(target=run)
    runs.start()
    try:
        assert seen.wait(20)
        text = log(server, session, "--format", form, cwd=tmp_path)
    finally:
        session.files.write("go", b"")
        runs.join()
    if form == "pretty":
        assert text.endswith("\nbegun\n(has not ended)\n")
    elif form == "json":
        assert [event["event"] for event in json_lines(text)] == ["queued", "started", "stdout"]
    else:
        (found,) = json.loads(text)
        assert found["status"] in ("in_progress", "interpreting")


def test_code_that_comes_in_pieces(
    server: str, session: Session, client: Client, tmp_path: Path
) -> None:
    writer = Writer(session.id)
    with grpc.insecure_channel(server) as channel:
        call = execution_pb2_grpc.ExecutionServiceStub(channel).ExecuteStream(iter(writer))
        seen = client.run_steps.watch(session_id=session.id)
        assert any('"pri"' in json.dumps(event.data) for event in seen)
        text = log(server, session, cwd=tmp_path)
        assert text.endswith(" (receiving)\n  pri\n(has not ended)\n")
        with following(server, session, cwd=tmp_path) as process:
            assert process.stdout is not None
            writer.write("nt('written')")
            writer.write(None)
            heading, code = process.stdout.readline(), process.stdout.readline()
            assert (heading[:8], code) == ("── call_", "  print('written')\n")
            assert process.stdout.readline() == "written\n"
        assert list(call)[-1].events[-1].HasField("completed")
    events = json_lines(log(server, session, "--format", "json", cwd=tmp_path))
    assert "".join(event["text"] for event in events if event["event"] == "code") == (
        "print('written')"
    )
    assert "code" not in events[0]


def test_ctrl_c_ends_following(server: str, session: Session, tmp_path: Path) -> None:
    session.run("print('one')")
    with following(server, session, "--format", "json", cwd=tmp_path) as process:
        assert process.stdout is not None
        while '"completed"' not in process.stdout.readline():
            pass
        process.send_signal(2)
        assert (process.wait(20), process.stdout.read()) == (130, "")


def test_images_and_files_are_saved_and_named_by_path(
    server: str, session: Session, client: Client, tmp_path: Path
) -> None:
    session.run(PLOT + "; open('a.txt', 'w').write('x')")
    session.run(PLOT)
    gone = list(session.executions())[-1].outputs[-1]
    assert not isinstance(gone, str)
    client.files.delete(gone.id)
    text = log(server, session, "--output", "saved", cwd=tmp_path)
    (image,) = re.findall(r"^\[image (saved/\S+\.png) ", text, re.MULTILINE)
    assert (tmp_path / image).read_bytes().startswith(b"\x89PNG")
    assert "[file saved/a.txt /mnt/data/a.txt, 1 bytes]\n" in text
    assert (tmp_path / "saved" / "a.txt").read_text() == "x"
    assert f"[image {gone.id} (deleted) " in text
    assert f"[image {gone.id} " in log(server, session, cwd=tmp_path)
    refused = cellblock(
        "logs", session.id, "--output", "x", "--format", "json", cwd=tmp_path, address=server
    )
    assert (refused.returncode, "--format pretty only" in refused.stderr) == (2, True)


def on_a_terminal(server: str, session: Session, cwd: Path, **variables: str) -> str:
    environment = {"TERM_PROGRAM": "", "NO_COLOR": "", "terminal": "xterm-256color", **variables}
    process, child = in_a_terminal("logs", session.id, "--address", server, cwd=cwd, **environment)
    child.expect(pexpect.EOF)
    assert process.wait(20) == 0
    child.close()
    assert child.before is not None
    return child.before


CODE = "def f():\n    return 1 # \x1b]0;title\x07\x1b[41m\nprint('\\x1b[31mred\\x1b]0;title\\x07')"


def test_code_is_coloured_on_a_terminal(server: str, session: Session, tmp_path: Path) -> None:
    session.run(CODE)
    shown = on_a_terminal(server, session, tmp_path)
    assert re.search(r"\x1b\[[\d;]*mdef\x1b\[0m", shown)
    assert "\x1b[31mred]0;title" in shown
    # Colours of the code's own are none, and what it left on ends.
    assert "\x1b[41m" not in shown
    assert not re.search(r"\x1b(?!\[[\d;]*m)", shown)
    for variables in ({"NO_COLOR": "1"}, {"terminal": "dumb"}):
        assert "\x1b" not in on_a_terminal(server, session, tmp_path, **variables)
    piped = log(server, session, cwd=tmp_path)
    assert "\x1b" not in piped
    assert "  def f():\n      return 1 # ]0;title\n" in piped


def test_images_are_drawn_if_the_terminal_supports_them(
    server: str, session: Session, client: Client, tmp_path: Path
) -> None:
    (image,) = session.run(PLOT).images
    data = client.files.read(image.id)
    shown = on_a_terminal(server, session, tmp_path, TERM_PROGRAM="iTerm.app")
    (size, drawn) = re.findall(r"\x1b\]1337;File=inline=1;size=(\d+):([^\x07]*)\x07", shown)[0]
    assert (int(size), base64.b64decode(drawn)) == (len(data), data)
    shown = on_a_terminal(server, session, tmp_path, terminal="xterm-kitty")
    chunks = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", shown)
    assert base64.b64decode("".join(chunk for _, chunk in chunks)) == data
    assert chunks[0][0] == "a=T,f=100,q=2,m=1"
    assert [keys for keys, _ in chunks[1:]] == ["m=1"] * (len(chunks) - 2) + ["m=0"]
    assert f"[image {image.id} " in shown
    for cannot in (
        {},
        {"terminal": "screen", "TERM_PROGRAM": "iTerm.app"},
        {"terminal": "dumb", "TERM_PROGRAM": "iTerm.app"},
    ):
        shown = on_a_terminal(server, session, tmp_path, **cannot)
        assert f"[image {image.id} " in shown
        assert not re.search(r"\x1b[\]_]", shown)
    piped = subprocess.run(
        [CELLBLOCK, "logs", session.id, "--address", server],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=50,
        check=True,
        env={**os.environ, "TERM_PROGRAM": "iTerm.app"},
    ).stdout
    assert "\x1b" not in piped
