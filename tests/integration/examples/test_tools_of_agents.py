"""The examples of tools: the frameworks' own loops, a model's real protocol, a real sandbox."""

import base64
import io
import json
from collections.abc import Callable

from PIL import Image

from cellblock_client import SessionInfo
from tests.integration.examples.program import Program
from tests.support.model_server import ModelServer, Turn, call, text

QUESTIONS = ("How much rain was there?", "And twice as much?")
LOOK = """
import pandas as pd
rain = int(pd.read_csv("rain.csv").mm.sum())
print("sum", rain)
"""
PLOT = """
import matplotlib.pyplot as plt
open("total.txt", "w").write(str(2 * rain))
plt.plot([1, rain])
"""


def runs(identity: str, code: str) -> Turn:
    return wrote(identity, json.dumps({"code": code}))


def wrote(identity: str, arguments: str) -> Turn:
    return lambda: iter(call(0, identity, arguments, 20))


def converse(program: Program, model: ModelServer, example: str) -> None:
    """Two questions: code that looks, fails, is a mistake; then code that goes on from it."""
    (program.folder / "rain.csv").write_text("mm\n1\n2\n3\n")
    model.turns = [
        runs("call_1", LOOK),
        runs("call_2", "1 / 0"),
        wrote("call_3", '{"kode": 1}'),
        text("It rained 6 mm."),
        runs("call_4", PLOT),
        text("Twice as much is 12 mm."),
    ]
    program.variables["HTTPS_PROXY"] = model.address
    done = program.run(
        example, "--base-url", model.base_url, "--model", "m", "--attach", "rain.csv", *QUESTIONS
    )
    assert done.returncode == 0, done.stderr
    assert (model.turns, model.others) == ([], [])
    assert "It rained 6 mm.\nTwice as much is 12 mm.\n" in done.stdout
    out = program.folder / "out"
    assert (out / "total.txt").read_text() == "12"
    (plot,) = out.glob("*.png")
    with Image.open(plot) as picture:
        assert picture.format == "PNG"


def test_langchain(
    program: Program, model: ModelServer, sessions: Callable[[], list[SessionInfo]]
) -> None:
    converse(program, model, "langchain_tool.py")
    (tool,) = model.requests[0]["tools"]
    assert (tool["function"]["name"], list(tool["function"]["parameters"]["properties"])) == (
        "python",
        ["code"],
    )
    looked, failed, mistaken, plotted = (
        one["content"] for one in model.requests[-1]["messages"] if one["role"] == "tool"
    )
    assert looked == "sum 6"
    assert "ZeroDivisionError" in failed
    assert "code" in mistaken
    assert "[Image: " in plotted
    assert "sandbox:/mnt/data/total.txt" in plotted
    assert len(sessions()) == 1


def test_openai_agents(
    program: Program, model: ModelServer, sessions: Callable[[], list[SessionInfo]]
) -> None:
    converse(program, model, "openai_agents_tool.py")
    (tool,) = model.requests[0]["tools"]
    assert (tool["name"], list(tool["parameters"]["properties"])) == ("python", ["code"])
    looked, failed, mistaken, plotted = (
        one["output"]
        for one in model.requests[-1]["input"]
        if one.get("type") == "function_call_output"
    )
    assert looked == [{"type": "input_text", "text": "sum 6\n"}]
    assert "ZeroDivisionError" in failed[0]["text"]
    assert "error" in mistaken
    (image,) = (one["image_url"] for one in plotted if one["type"] == "input_image")
    encoded = image.removeprefix("data:image/png;base64,")
    with Image.open(io.BytesIO(base64.b64decode(encoded))) as picture:
        assert picture.format == "PNG"
    assert {"type": "input_text", "text": "[file /mnt/data/total.txt]"} in plotted
    assert len(sessions()) == 1
