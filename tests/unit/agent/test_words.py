"""Ends, sizes and names, for people."""

import signal

import pytest

from cellblock_agent.output.text import cut, printable, valid
from cellblock_agent.processes import memory
from cellblock_agent.processes.reaper import end_in_words


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (0, "exit code 0"),
        (3 << 8, "exit code 3"),
        (signal.SIGSEGV, "signal SIGSEGV"),
        (signal.SIGKILL, "signal SIGKILL"),
        (50, "signal 50"),
    ],
)
def test_ends(status: int, words: str) -> None:
    assert end_in_words(status) == words


@pytest.mark.parametrize(
    ("size", "words"),
    [(2**30, "1 GiB"), (3 * 2**29, "1.5 GiB"), (256 * 2**20, "256 MiB"), (100, "100 bytes")],
)
def test_sizes(size: int, words: str) -> None:
    assert memory.in_words(size) == words


def test_names() -> None:
    assert printable("plain é") == "plain é"
    assert printable("a\nb") == "a\\x0ab"
    assert printable("bad\udcff") == "bad\\udcff"


def test_text_is_made_valid_and_cut_between_characters() -> None:
    assert valid("\ud83d\ude00") == "😀"
    assert valid("\ud800!") == "\N{REPLACEMENT CHARACTER}!"
    assert cut("aé", 2) == "a"
    assert cut("aé", 3) == "aé"
