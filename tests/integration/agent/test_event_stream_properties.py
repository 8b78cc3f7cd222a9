"""For any program that writes: numbers without gaps, one end, and every character in its place."""

from collections.abc import AsyncIterator
from itertools import groupby

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cellblock.agent.v1 import agent_pb2 as pb
from tests.support.agent import RunningAgent, Shown, running_agent

pytestmark = pytest.mark.slow

Write = tuple[str, str, str]
"""Means of writing, stream, and text."""

EXAMPLES = 60
LONG = 70_000
"""More characters than one event, or one read of a pipe, holds."""

ways = st.sampled_from(["print", "write", "writelines", "bytes", "child"])
streams = st.sampled_from(["stdout", "stderr"])
# Surrogates, NULs, escapes and line ends of all kinds are text like any other.
characters = st.characters(codec=None, exclude_categories=())
texts = st.one_of(
    st.text(characters, max_size=60),
    st.text(st.sampled_from("aä漢😀\n\r\x1b"), max_size=300),
    st.tuples(st.sampled_from("aä漢😀"), st.integers(1, LONG)).map(lambda two: two[0] * two[1]),
)
programs = st.lists(st.tuples(ways, streams, texts), max_size=8)


@pytest.fixture(scope="module")
async def shared_agent() -> AsyncIterator[RunningAgent]:
    async with running_agent() as agent:
        yield agent


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example],
)
@given(program=programs)
async def test_every_program(shared_agent: RunningAgent, program: list[Write]) -> None:
    before = shared_agent.acknowledged
    shown = await shared_agent.run(source(program), max_text_bytes=2**23)
    numbers = [event.sequence for event in shown.events]
    assert numbers == list(range(before + 1, before + 1 + len(numbers)))
    assert shown.kinds()[0] == "execution_started"
    assert shown.kinds().count("execution_finished") == 1
    assert shown.outcome == "RAN"
    assert [kind for kind in shown.kinds() if kind == "error"] == []
    assert joined(written(shown)) == joined([(stream, fit(text)) for _, stream, text in program])


def source(program: list[Write]) -> str:
    """Return the program. Output that bypasses Python's streams is flushed, to fix its position."""
    lines = ["import os, subprocess, sys"]
    for way, stream, text in program:
        code = repr(text)
        number = {"stdout": 1, "stderr": 2}[stream]
        data = fit(text).encode()
        half = len(data) // 2
        lines += {
            "print": [f"print({code}, end='', file=sys.{stream})"],
            "write": [f"_ = sys.{stream}.write({code})"],
            "writelines": [f"sys.{stream}.writelines(list({code}))"],
            "bytes": [
                f"data = {data!r}",
                f"while data: data = data[os.write({number}, data[:{half + 1}]):]",
                f"sys.{stream}.flush()",
            ],
            "child": [
                f"_ = subprocess.run(['cat'], input={data!r}, stdout=sys.{stream})",
                f"sys.{stream}.flush()",
            ],
        }[way]
    return "\n".join(lines)


def written(shown: Shown) -> list[tuple[str, str]]:
    names = {pb.STREAM_NAME_STDOUT: "stdout", pb.STREAM_NAME_STDERR: "stderr"}
    return [
        (names[event.stream_text.name], event.stream_text.text)
        for event in shown.events
        if event.HasField("stream_text")
    ]


def joined(pieces: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Join consecutive pieces of one stream; drop empty pieces."""
    filled = [piece for piece in pieces if piece[1]]
    return [(name, "".join(text for _, text in group)) for name, group in groupby(filled, first)]


def first(piece: tuple[str, str]) -> str:
    return piece[0]


def fit(text: str) -> str:
    """Replace lone surrogates, which can't be encoded."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
