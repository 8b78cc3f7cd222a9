"""Text for a terminal, as it is left on the screen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellblock_server.executions.terminal_text import resolved

ESC = "\x1b"


@pytest.mark.parametrize(
    ("written", "left"),
    [
        ("plain\ntext\n", "plain\ntext\n"),
        (f"{ESC}[31mred{ESC}[0m {ESC}[1;38;5;9mbold{ESC}[m", "red bold"),
        ("  0%|  |\r 50%|█ |\r100%|██|\n", "100%|██|\n"),
        ("long line\rshort", "shortline"),
        ("windows\r\nlines\r\n", "windows\nlines\n"),
        ("abc\b\bX", "aXc"),
        (f"working...\r{ESC}[Kdone", "done"),
        (f"old{ESC}[2K\rnew", "new"),
        (f"a\nb\n{ESC}[2A\rA{ESC}[1B\rB\n", "A\nB\n"),  # two progress bars
        (f"gone{ESC}[2J{ESC}[Hhere", "here"),
        (f"{ESC}]0;a title\x07text", "text"),
        (f"{ESC}]8;;http://x{ESC}\\link{ESC}]8;;{ESC}\\", "link"),
        (f"{ESC}]never ended", "never ended"),
        (f"{ESC}[?25l{ESC}(B{ESC}=hidden cursor", "hidden cursor"),
        ("nul\0 bell\x07 del\x7f c1\x9b", "nul bell del c1"),
        (f"{ESC}[999999999C{ESC}[99999Bx{ESC}[9999999Ay", "xy"),
        (f"broken off{ESC}[", "broken off"),
        ("", ""),
    ],
)
def test_what_is_left(written: str, left: str) -> None:
    assert resolved(written) == left


@given(st.text(alphabet=st.sampled_from(f"ab\n\r\b{ESC}[]0129;ABCDGKJmHh\x07漢 ")))
def test_nothing_that_a_terminal_would_obey_is_left(written: str) -> None:
    left = resolved(written)
    assert not set(left) & {ESC, "\r", "\b", "\x07"}
    assert len(left) <= len(written)
    assert resolved(left) == left
