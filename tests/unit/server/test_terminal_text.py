"""Text written to a terminal: what remains on the screen, and when lines become final."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellblock_server.executions.terminal_text import HEIGHT, Terminal

ESC = "\x1b"


def final_text(*texts: str) -> str:
    """Return the final text of these texts, written one after the other."""
    terminal = Terminal()
    return "".join([terminal.write(text) for text in texts]) + terminal.flush()


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
def test_text_has_its_final_form(written: str, left: str) -> None:
    assert final_text(written) == left


@pytest.mark.parametrize(
    ("texts", "final"),
    [
        (["a", "b\nc", "\n"], ["", "ab\n", "c\n"]),
        (["1%\r", "2%\r", "3%\n"], ["", "", "3%\n"]),
        # Final lines can't change, and the text after moving up waits.
        (["a\nb\n", f"{ESC}[2AX\nY\n"], ["a\nb\n", ""]),
        (["", f"{ESC}[A", "x\n" * (HEIGHT + 2)], ["", "", "x\n" * 3]),
    ],
)
def test_lines_become_final(texts: list[str], final: list[str]) -> None:
    terminal = Terminal()
    assert [terminal.write(text) for text in texts] == final


@pytest.mark.parametrize(
    "text", [f"{ESC}[31mred{ESC}[0m", f"{ESC}]0;title\x07text", f"a{ESC}(Bb", f"x{ESC}[2K\ry"]
)
def test_escape_sequences_may_be_split(text: str) -> None:
    assert final_text(*text) == final_text(text)


def test_blocks_have_lines_of_their_own() -> None:
    terminal = Terminal()
    assert terminal.write("open") == ""
    assert terminal.write("block", on_own_lines=True) == "open\nblock\n"
    assert terminal.write("block\n", on_own_lines=True) == "block\n"
    assert terminal.flush() == ""


@given(st.text(alphabet=st.sampled_from(f"ab\n\r\b{ESC}[]0129;ABCDGKJmHh\x07漢 ")))
def test_final_text_has_no_control_characters(written: str) -> None:
    left = final_text(written)
    assert not set(left) & {ESC, "\r", "\b", "\x07"}
    assert len(left) <= len(written)
    assert final_text(left) == left
