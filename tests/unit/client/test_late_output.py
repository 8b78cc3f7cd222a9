"""New text is found in a text of which only the newest part is kept."""

import pytest

from cellblock_client.jupyter.late_output import added_text


@pytest.mark.parametrize(
    ("before", "now", "added"),
    [
        ("", "", ""),
        ("", "a\n", "a\n"),
        ("a\n", "a\n", ""),
        ("a\n", "a\nb\n", "b\n"),
        ("abcdef", "cdefgh", "gh"),
        ("x" * 1000, "x" * 1000, ""),
        ("a" + "xy" * 500, "xy" * 500 + "z", "z"),
        ("abc", "xyz", "xyz"),
        ("abc", "", ""),
        ("ab" * 30_000, "ab" * 30_000 + "c", "c"),
    ],
)
def test_the_added_text_is_found(before: str, now: str, added: str) -> None:
    assert added_text(before, now) == added
