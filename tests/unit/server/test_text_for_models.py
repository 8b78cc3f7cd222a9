"""Text of an execution for a language model, made from its events."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellblock.v1 import execution_pb2 as pb
from cellblock.v1 import file_pb2
from cellblock_server.common.errors import OutOfRangeError
from cellblock_server.executions.model_text import (
    DEFAULT_CHARACTERS,
    MIN_CHARACTERS,
    ModelText,
    checked_limit,
    model_text_of,
)
from tests.unit.server.test_causes_in_words import CASES
from tests.unit.server.test_outputs import CUT, ERROR, clear, err, out, result
from tests.unit.server.test_shortening import CLUSTERS

DONE = pb.ExecutionEvent(completed=pb.Completed(execution=pb.Execution()))
FIGURE = pb.ExecutionEvent(image=pb.Image(file=file_pb2.File(id="file-1", filename="figure-1.png")))


def written(path: str, size: int = 3, renamed_from: str = "") -> pb.ExecutionEvent:
    file = file_pb2.File(id="file-2", filename=path.rpartition("/")[2], bytes=size)
    return pb.ExecutionEvent(file=pb.GeneratedFile(path=path, file=file, renamed_from=renamed_from))


def skipped(path: str, reason: str) -> pb.ExecutionEvent:
    return pb.ExecutionEvent(file=pb.GeneratedFile(path=path, skipped_reason=reason))


def deleted(path: str) -> pb.ExecutionEvent:
    return pb.ExecutionEvent(file_deleted=pb.FileDeleted(path=path))


def whole_output() -> pb.ExecutionEvent:
    file = file_pb2.File(id="file-9", filename="output.txt")
    return pb.ExecutionEvent(file=pb.GeneratedFile(file=file, is_full_output=True))


def failed(case: str) -> pb.ExecutionEvent:
    return pb.ExecutionEvent(completed=pb.Completed(execution=CASES[case][0]))


async def text_of(*events: pb.ExecutionEvent, limit: int = DEFAULT_CHARACTERS) -> ModelText:
    async def coming() -> AsyncIterator[pb.ExecutionEvent]:
        for event in events:
            yield event

    return await model_text_of(coming(), limit)


TEXTS = {
    "nothing": ([DONE], "[No output]"),
    "streams and value": (
        [out("one\n"), err("two"), result(text_plain="3"), DONE],
        "one\ntwo\n3",
    ),
    "carriage return and colours": ([out("10%\r\x1b[32m100%\x1b[0m\n"), DONE], "100%"),
    "cleared": ([out("old"), clear(), out("new"), DONE], "new"),
    "traceback": ([out("a\n"), ERROR, DONE], "a\nTraceback\nE: no"),
    "error without traceback": (
        [pb.ExecutionEvent(error=pb.CodeError(name="E", value="no")), DONE],
        "E: no",
    ),
    "image in its place": (
        [out("before"), FIGURE, out("after"), DONE],
        "before\n[Image: figure-1.png, id file-1]\nafter",
    ),
    "time limit": (
        [out("a\n"), failed("time limit")],
        f"a\n{CASES['time limit'][1]}",
    ),
    "memory": ([failed("memory")], CASES["memory"][1]),
    "files": (
        [written("/mnt/data/a b (1).csv", 1234), written("/mnt/data/größe.txt"), DONE],
        "[No output]\nFiles created or changed:\n"
        "- sandbox:/mnt/data/a%20b%20%281%29.csv (1,234 bytes)\n"
        "- sandbox:/mnt/data/größe.txt (3 bytes)",
    ),
    "moved file": (
        [out("x"), written("/mnt/data/new", renamed_from="/mnt/data/old"), DONE],
        "x\nFiles created or changed:\n- sandbox:/mnt/data/new (moved from /mnt/data/old)",
    ),
    "file that was not stored": (
        [out("x"), skipped("/mnt/data/big", "larger than 1 GiB"), DONE],
        "x\nFiles created or changed:\n"
        "- sandbox:/mnt/data/big (can't be downloaded: larger than 1 GiB)",
    ),
    "deleted file": (
        [out("x"), deleted("/mnt/data/y"), DONE],
        "x\nFiles deleted:\n- /mnt/data/y",
    ),
    "cut output": (
        [out("x\n"), CUT, whole_output(), DONE],
        "x\n[… 5 bytes were left out here: the limit is 10 bytes of text …]\n"
        "[The complete output is stored for the user: output.txt, id file-9]",
    ),
    "bidirectional override": ([out("a\u202eb"), DONE], "a\\u202eb"),
    "name with a line feed": (
        [deleted("/mnt/data/a\n[No output]"), DONE],
        "[No output]\nFiles deleted:\n- /mnt/data/a\ufffd[No output]",
    ),
    "not ended": ([out("a\n")], "a\n[The code has not ended yet]"),
}


@pytest.mark.parametrize(("events", "text"), TEXTS.values(), ids=TEXTS)
async def test_events_become_text(events: list[pb.ExecutionEvent], text: str) -> None:
    assert await text_of(*events) == ModelText(
        text, is_truncated=False, images=[FIGURE.image.file] if FIGURE in events else []
    )


async def test_long_output_keeps_its_head_and_tail_and_says_what_is_left_out() -> None:
    lines = "".join(f"line {number}\n" for number in range(10_000))
    found = await text_of(out(lines), DONE, limit=MIN_CHARACTERS)
    assert found.is_truncated
    assert len(found.text) <= MIN_CHARACTERS
    assert found.text.startswith("line 0\nline 1\n")
    assert found.text.endswith("line 9998\nline 9999")
    assert " characters were left out here …]" in found.text


async def test_a_flood_of_output_displaces_neither_error_nor_cause_nor_files() -> None:
    events = [out("x" * 100_000), ERROR, written("/mnt/data/kept"), failed("time limit")]
    found = await text_of(*events, limit=MIN_CHARACTERS)
    assert len(found.text) <= MIN_CHARACTERS
    for part in ("E: no", CASES["time limit"][1], "sandbox:/mnt/data/kept"):
        assert part in found.text


async def test_a_long_traceback_keeps_the_exception_message() -> None:
    frames = [f"frame {number}" for number in range(10_000)]
    error = pb.ExecutionEvent(error=pb.CodeError(traceback=["Traceback", *frames, "E: last words"]))
    found = await text_of(out("y" * 5_000), error, DONE, limit=MIN_CHARACTERS)
    assert len(found.text) <= MIN_CHARACTERS
    assert "Traceback" in found.text
    assert found.text.endswith("E: last words")


async def test_many_files_are_counted() -> None:
    events = [written(f"/mnt/data/{number}") for number in range(80)]
    found = await text_of(*events, DONE)
    assert "- sandbox:/mnt/data/49 (3 bytes)\n- … and 30 more" in found.text


@given(st.lists(st.sampled_from([*CLUSTERS.values(), "x\n", "ab"])), st.integers(1, 400))
async def test_the_text_is_never_longer_than_its_limit(pieces: list[str], times: int) -> None:
    flood = "".join(pieces) * times
    found = await text_of(out(flood), err(flood), ERROR, failed("death"), limit=MIN_CHARACTERS)
    assert len(found.text) <= MIN_CHARACTERS


@pytest.mark.parametrize("limit", [-1, 1, MIN_CHARACTERS - 1, 1_000_001])
def test_an_invalid_limit_is_refused(limit: int) -> None:
    with pytest.raises(OutOfRangeError, match="must be 1000 to 1000000"):
        checked_limit(limit)


def test_no_limit_is_the_default() -> None:
    assert checked_limit(0) == DEFAULT_CHARACTERS


@pytest.mark.parametrize("traceback", [[], ["\x1b[0m"]])
async def test_an_exception_without_a_traceback_has_no_control_characters(
    traceback: list[str],
) -> None:
    error = pb.CodeError(name="E", value="\x1b]52;c;x\x07bad", traceback=traceback)
    text = (await text_of(pb.ExecutionEvent(error=error), DONE)).text
    assert text == "E: bad"
