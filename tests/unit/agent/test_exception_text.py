"""A long exception is cut, and says how much is missing."""

import re

import pytest

from cellblock_agent.output.exception_text import MAX_BYTES, cut_exception, cut_middle, text_of

NOTICE = re.compile(r"\[… (\d+) bytes were left out here: the limit is (\d+) bytes")


def omitted_bytes(text: str) -> int:
    """Return the sum of all notices in a text."""
    return sum(int(notice[1]) for notice in NOTICE.finditer(text))


def test_what_fits_is_unchanged() -> None:
    lines = ["a" * 30_000, "b" * 30_000]
    cut = cut_exception("E", "x" * MAX_BYTES, lines)
    assert (cut.name, cut.value, cut.traceback) == ("E", "x" * MAX_BYTES, lines)


@pytest.mark.parametrize("character", ["x", "é", "漢", "😀"])
@pytest.mark.parametrize("count", [20_000, 70_000, 10**6])
def test_a_long_message_keeps_its_beginning_and_its_end(character: str, count: int) -> None:
    text = f"start{character * count}end"
    cut = cut_middle(text, MAX_BYTES)
    assert len(cut.encode()) <= MAX_BYTES
    assert (cut.startswith("start"), cut.endswith("end")) == (True, True)
    if cut != text:
        start, notice, end = re.split(r"\n(\[….*…\])\n", cut)
        missing = len(text.encode()) - len((start + end).encode())
        assert omitted_bytes(notice) == missing


def test_a_long_last_line_does_not_displace_the_frames() -> None:
    frames = [f"frame {number}" for number in range(10)]
    cut = cut_exception("E", "", [*frames, "E: " + "x" * 10**6])
    assert cut.traceback[:-1] == frames
    assert omitted_bytes(cut.traceback[-1]) > 9 * 10**5


def test_the_end_of_a_long_traceback_is_kept() -> None:
    lines = [f"{number:08}" * 100 for number in range(1000)]
    cut = cut_exception("E", "", lines).traceback
    assert cut[1:] == lines[-len(cut) + 1 :]
    missing = lines[: -len(cut) + 1]
    assert omitted_bytes(cut[0]) == sum(len(line) + 1 for line in missing)


def test_a_second_cut_changes_nothing() -> None:
    once = cut_exception("n" * 10**5, "v" * 10**6, ["l" * 10**5] * 10 + ["e" * 10**6])
    assert cut_exception(once.name, once.value, once.traceback) == once


def test_an_exception_without_text_has_a_placeholder() -> None:
    class UnprintableError(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert text_of(UnprintableError()) == "<exception str() failed: RuntimeError>"
    assert text_of(ValueError("\udc80")) == "�"
