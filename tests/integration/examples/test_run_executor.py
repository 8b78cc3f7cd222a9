"""The example of a run executor: a real process, a model's real protocol, a real sandbox."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from openai.lib.streaming._assistants import accumulate_event, accumulate_run_step
from openai.types.beta import AssistantStreamEvent
from openai.types.beta.threads import Message
from openai.types.beta.threads.runs import RunStep

from cellblock_client import Client, SessionState
from tests.support.model_server import BrokenOff, ModelServer, call, text
from tests.unit.server.test_run_step_shapes import strictly, without_indexes

ROOT = Path(__file__).parents[3]
QUESTION = "How much rain was there?"
CODE = r"""
print('Füße 😀 \\')
import pandas as pd
rain = int(pd.read_csv('rain.csv').mm.sum())
rain
"""
SAVE = "open('total.txt', 'w').write(str(rain))\nimport matplotlib.pyplot as plt\nplt.plot([1, 2])"
ANSWER = "It rained 6 mm, see 😀 [the total](sandbox:/mnt/data/total.txt)."


@contextmanager
def executor(model: ModelServer, address: str, *options: str) -> Iterator["subprocess.Popen[str]"]:
    """The example, running."""
    script = str(ROOT / "examples" / "run_executor.py")
    command = [sys.executable, script, "--base-url", model.base_url, "--model", "m", *options]
    environment = {**os.environ, "CELLBLOCK_ADDRESS": address, "OPENAI_API_KEY": "none"}
    with subprocess.Popen(
        [*command, QUESTION],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        yield process


def events_of(process: "subprocess.Popen[str]") -> Iterator[tuple[str, Any]]:
    assert process.stdout
    for line in process.stdout:
        name = line.removeprefix("event: ").strip()
        yield name, json.loads(process.stdout.readline().removeprefix("data: "))
        assert process.stdout.readline() == "\n"


def arguments(code: str) -> str:
    return json.dumps({"code": code})


def test_a_run_from_the_question_to_the_answer(
    model: ModelServer, server: str, client: Client, tmp_path: Path
) -> None:
    (tmp_path / "rain.csv").write_text("mm\n1\n2\n3\n")
    seen = threading.Event()

    def first() -> Iterator[dict[str, Any]]:
        yield {"content": "Let me look."}
        deltas = call(0, "tool-1", arguments(CODE), 3)
        yield from deltas[:8]
        # The user sees code that is not complete yet.
        assert seen.wait(60)
        yield from deltas[8:]

    def second() -> Iterator[dict[str, Any]]:
        both = (call(0, "tool-2", arguments(SAVE), 7), call(1, "tool-3", arguments("1 / 0"), 2))
        for place in range(max(map(len, both))):
            yield from (deltas[place] for deltas in both if place < len(deltas))

    def third() -> Iterator[dict[str, Any]]:
        yield from call(0, "tool-4", '{"code": "1" oops', 5)

    model.turns = [first, second, third, text(*ANSWER.split("|"))]
    streamed: list[tuple[str, Any]] = []
    with executor(model, server, "--attach", str(tmp_path / "rain.csv")) as process:
        for event in events_of(process):
            streamed.append(event)
            if event[0] == "thread.run.step.delta":
                seen.set()
        assert process.stderr
        assert (process.wait(), process.stderr.read()) == (0, "")

    name, steps = streamed.pop()
    assert name == "run_steps"
    judge(streamed, steps["data"])
    ends = [step["status"] for step in steps["data"]]
    assert ends == ["completed", "completed", "completed", "cancelled"]
    (first_call,) = steps["data"][0]["step_details"]["tool_calls"]
    assert first_call["code_interpreter"]["input"] == CODE

    (message,) = [data for _, data in streamed if text_of(data) == ANSWER]
    (link,) = message["content"][0]["text"]["annotations"]
    assert ANSWER[link["start_index"] : link["end_index"]] == link["text"]
    assert client.files.read(link["file_path"]["file_id"]) == b"6"
    assert (message["thread_id"], message["run_id"]) == (
        steps["data"][0]["thread_id"],
        steps["data"][0]["run_id"],
    )

    tools = [each for each in model.requests[-1]["messages"] if each["role"] == "tool"]
    assert [each["tool_call_id"] for each in tools] == ["tool-1", "tool-2", "tool-3", "tool-4"]
    looked, saved, failed, broken = (each["content"] for each in tools)
    assert looked.endswith("\n6")
    assert "[Image: " in saved
    assert "sandbox:/mnt/data/total.txt" in saved
    assert "ZeroDivisionError" in failed
    assert broken.startswith("not run: ")


def text_of(data: Any) -> str:
    content = data.get("content") or [{}]
    return str(content[0].get("text", {}).get("value", ""))


def judge(streamed: list[tuple[str, Any]], steps: list[Any]) -> None:
    """Assert that a client of the real API understands all events, and rebuilds the steps."""
    snapshots: dict[str, RunStep] = {}
    message: Message | None = None
    for name, data in streamed:
        event = strictly(AssistantStreamEvent, {"event": name, "data": data})
        if name.startswith("thread.run.step."):
            accumulate_run_step(event=event, run_step_snapshots=snapshots)
        elif name != "thread.message.completed":
            message, _ = accumulate_event(event=event, current_message_snapshot=message)
        else:
            assert message
            assert text_of(message.model_dump()) == text_of(data)
    for step in steps:
        snapshot = snapshots[step["id"]].model_dump(mode="json", exclude_unset=True)
        assert without_indexes(snapshot)["step_details"] == step["step_details"]


def test_a_model_that_breaks_off_leaves_nothing_running(
    model: ModelServer, server: str, client: Client
) -> None:
    seen = threading.Event()

    def broken() -> Iterator[dict[str, Any]]:
        yield from call(0, "tool-1", arguments(CODE), 3)[:8]
        assert seen.wait(60)
        raise BrokenOff

    model.turns = [broken]
    step: Any = None
    with executor(model, server) as process:
        for _name, data in events_of(process):
            if "delta" in data:
                step = data["id"]
                seen.set()
        assert process.wait() == 1
        assert process.stderr
        assert "peer closed connection" in process.stderr.read()
    whole = client.run_steps.get(step)
    assert whole.status.name == "CANCELLED"
    assert client.sessions.get(whole.session_id).info.state is SessionState.DELETED


def test_a_cellblock_error_becomes_an_api_error(model: ModelServer) -> None:
    with executor(model, "127.0.0.1:1") as process:
        ((name, data),) = events_of(process)
    assert (name, data["type"]) == ("error", "server_error")
    strictly(AssistantStreamEvent, {"event": name, "data": data})
