"""Output of a sandbox can only show text and colours on a terminal."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from cellblock_client import Client
from cellblock_client.cli.parameters import duration
from cellblock_client.cli.repl.prompt import is_unfinished
from cellblock_client.cli.terminal import Terminal
from cellblock_client.cli.words import COLOUR, plain, sanitized
from cellblock_client.events import Event, FileDeleted, GeneratedFile


@given(st.text(st.sampled_from("a\n\r\t\b\x1b[]0;1m?hH\x07\x9b\x00\x7f\u009d"), max_size=60))
def test_only_colour_sequences_pass(text: str) -> None:
    clean = COLOUR.sub("", sanitized(text))
    assert not set(clean) - set("a\n\r\t\b[]0;1m?hH")


def test_colours_and_progress_bars_are_kept() -> None:
    text = "\x1b[31mred\x1b[0m 50%\r100%\n"
    assert sanitized(text) == text


@pytest.mark.parametrize(
    ("code", "unfinished"),
    [
        ("x = 1", False),
        ("def f():", True),
        ("def f():\n    return 1", True),
        ("def f():\n    return 1\n", False),
        ("(1,", True),
        ("x ===", False),  # the kernel reports the syntax error
        ("await thing()", False),
    ],
)
def test_without_a_kernel_a_block_ends_as_in_python(code: str, unfinished: bool) -> None:
    assert is_unfinished(code) is unfinished


def test_name_is_one_printable_line() -> None:
    assert plain("a b/é.txt") == "a b/é.txt"
    assert plain("a\nb\r\x1b[31m\u202etxt.exe\x9b\udce9") == "a�b��[31m�txt.exe��"


@given(st.text(max_size=60))
def test_name_has_only_printable_characters(text: str) -> None:
    assert plain(text).isprintable()


NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (FileDeleted("call_1", 1, NOW, "/mnt/data/a\nb"), "[file deleted: /mnt/data/a�b]\n"),
        (
            GeneratedFile("call_1", 1, NOW, None, "/mnt/data/a\x1b[1m", "is a\nlink", False, ""),
            "[file not kept: /mnt/data/a�[1m: is a�link]\n",
        ),
    ],
)
def test_file_event_is_shown_on_one_line(
    event: Event, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Client("127.0.0.1:1") as client:
        Terminal(client, tmp_path).show(event)
    assert capsys.readouterr().err == said


@pytest.mark.parametrize(
    ("text", "time"),
    [("90s", timedelta(seconds=90)), ("12h", timedelta(hours=12)), ("7d", timedelta(days=7))],
)
def test_times_have_a_unit(text: str, time: timedelta) -> None:
    assert duration(text) == time


@pytest.mark.parametrize("text", ["", "7", "d", "-1d", "1.5h", "7 d", "9999999999d"])
def test_times_without_a_valid_unit_are_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        duration(text)
