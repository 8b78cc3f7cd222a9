"""Exceptions are reported in terms of the user's code."""

import re

from tests.support.agent import RunningAgent, Shown

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def traceback(shown: Shown) -> str:
    return COLOUR.sub("", "\n".join(shown.error.traceback))


async def test_only_the_users_frames_are_shown(agent: RunningAgent) -> None:
    (agent.data / "mine.py").write_text("import json\ndef load(text): return json.loads(text)\n")
    shown = await agent.run("import mine\ndef go(): mine.load('{')\ngo()")
    text = traceback(shown)
    assert shown.error.name == "JSONDecodeError"
    assert "line 3" in text
    assert "in go()" in text
    assert "mine.py:2, in load(text)" in text
    assert "json/" not in text
    assert "IPython" not in text


async def test_all_frames_are_shown_if_asked_for(agent: RunningAgent) -> None:
    await agent.run("%xmode Verbose")
    shown = await agent.run("import json; json.loads('{')")
    assert "json/decoder.py" in traceback(shown)


async def test_a_recursion_is_cut_in_the_middle(agent: RunningAgent) -> None:
    shown = await agent.run("def f(n): f(n + 1)\nf(0)")
    assert shown.error.name == "RecursionError"
    assert re.search(r"skipping similar frames: f at line 1 \(\d+ times\)", traceback(shown))
    lines = [f"def f{number}(): f{number + 1}()" for number in range(100)]
    shown = await agent.run("\n".join([*lines, "f0()"]))
    found = [int(number) for number in re.findall(r"in f(\d+)\(\)", traceback(shown))]
    assert found == [*range(14), *range(85, 100)]  # and the cell itself


async def test_a_syntax_error_has_its_place(agent: RunningAgent) -> None:
    shown = await agent.run("a = 1\nb = = 2")
    assert shown.error.name == "SyntaxError"
    assert "line 2" in shown.error.value
    assert re.search(r"b = = 2\n +\^\n", traceback(shown))


async def test_a_broken_pipe_is_an_exception(agent: RunningAgent) -> None:
    shown = await agent.run("import os\nget, put = os.pipe(); os.close(get); os.write(put, b'x')")
    assert (shown.outcome, shown.error.name) == ("RAN", "BrokenPipeError")


async def test_the_cause_of_an_exception_is_reported(agent: RunningAgent) -> None:
    shown = await agent.run(
        "try: 1 / 0\nexcept ZeroDivisionError as error: raise ValueError('no') from error"
    )
    text = traceback(shown)
    assert (shown.error.name, shown.error.value) == ("ValueError", "no")
    assert "ZeroDivisionError: division by zero" in text
    assert "The above exception was the direct cause" in text


async def test_an_exception_group_is_reported_completely(agent: RunningAgent) -> None:
    shown = await agent.run(
        "def fail(): raise KeyError('k')\n"
        "try: fail()\n"
        "except KeyError as error: one = error\n"
        "raise ExceptionGroup('many', [one, ExceptionGroup('inner', [ValueError(1)])])"
    )
    text = traceback(shown)
    assert (shown.error.name, shown.error.value) == ("ExceptionGroup", "many (2 sub-exceptions)")
    for line in ("ExceptionGroup: many", "in fail", "KeyError: 'k'", "inner", "ValueError: 1"):
        assert line in text
    assert "interactiveshell" not in text
    assert shown.outcome == "RAN"
