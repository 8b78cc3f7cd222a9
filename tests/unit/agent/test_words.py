"""Exits, sizes and names, formatted for people."""

import signal

import pytest

from cellblock_agent.output.text import escape_unprintable, make_encodable, truncate_text
from cellblock_agent.processes import memory
from cellblock_agent.processes.reaper import describe_exit


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
    assert describe_exit(status) == words


@pytest.mark.parametrize(
    ("size", "words"),
    [(2**30, "1 GiB"), (3 * 2**29, "1.5 GiB"), (256 * 2**20, "256 MiB"), (100, "100 bytes")],
)
def test_sizes(size: int, words: str) -> None:
    assert memory.format_bytes(size) == words


def test_names() -> None:
    assert escape_unprintable("plain é") == "plain é"
    assert escape_unprintable("a\nb") == "a\\x0ab"
    assert escape_unprintable("bad\udcff") == "bad\\udcff"


def test_text_is_made_valid_and_cut_between_characters() -> None:
    assert make_encodable("\ud83d\ude00") == "😀"
    assert make_encodable("\ud800!") == "\N{REPLACEMENT CHARACTER}!"
    assert truncate_text("aé", 2) == "a"
    assert truncate_text("aé", 3) == "aé"
