"""What a sandbox prints does nothing to a terminal but show text and colours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellblock_client.cli.repl import _is_unfinished
from cellblock_client.cli.terminal import COLOUR, sanitized


@given(st.text(st.sampled_from("a\n\r\t\b\x1b[]0;1m?hH\x07\x9b\x00\x7f\u009d"), max_size=60))
def test_only_colours_pass(text: str) -> None:
    clean = COLOUR.sub("", sanitized(text))
    assert not set(clean) - set("a\n\r\t\b[]0;1m?hH")


def test_colours_and_progress_bars_stay() -> None:
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
        ("x ===", False),  # the kernel tells what is wrong with it
        ("await thing()", False),
        ("!ls", False),
        ("%timeit 1", False),
        ("%%bash\necho", True),
        ("%%bash\necho\n", False),
        (":attach x", False),
    ],
)
def test_a_block_ends_with_an_empty_line(code: str, unfinished: bool) -> None:
    assert _is_unfinished(code) is unfinished
