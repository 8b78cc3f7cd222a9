"""Text that callers choose, and that others see, can't trick a terminal or a reader."""

from collections.abc import Callable

import pytest

from cellblock_server.common.errors import InvalidArgumentError
from cellblock_server.config import Settings
from cellblock_server.files.names import check_filename, safe_name, safe_text
from cellblock_server.journal.run_step_place import WantedPlace
from cellblock_server.sessions.request import NewSession, check_labels
from cellblock_server.store.records import Role
from cellblock_server.tenants.keys import NewKey

TRICKS = {
    "ESC": "\x1b",
    "NUL": "\x00",
    "newline": "\n",
    "DEL": "\x7f",
    "CSI of C1": "\x9b",
    "line separator": "\u2028",
    "paragraph separator": "\u2029",
    "override": "\u202e",
    "isolate": "\u2066",
    "mark": "\u200f",
    "Arabic mark": "\u061c",
    "lone surrogate": "\ud800",
}
PLAIN = "Smörgås 🦞 שלום مرحبا 日本 'quoted' \u00a0"

FIELDS: dict[str, Callable[[str], object]] = {
    "thread_id": lambda text: NewSession(thread_id=text).check(Settings()),
    "labels['key']": lambda text: check_labels({"key": text}),
    "place.thread_id": lambda text: WantedPlace(thread_id=text).check(),
    "description": lambda text: NewKey("tenant", Role.READ_ONLY, text).check(),
    "filename": lambda text: check_filename("filename", text),
}


@pytest.mark.parametrize("trick", TRICKS.values(), ids=TRICKS)
@pytest.mark.parametrize("field", FIELDS)
def test_what_could_trick_is_refused(field: str, trick: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        FIELDS[field](f"a{trick}b")
    assert caught.value.field == field
    assert trick not in caught.value.message


@pytest.mark.parametrize("trick", TRICKS.values(), ids=TRICKS)
def test_a_labels_key_is_held_to_the_same(trick: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        check_labels({f"a{trick}b": "value"})
    assert trick not in caught.value.message


@pytest.mark.parametrize("field", FIELDS)
def test_other_text_passes(field: str) -> None:
    FIELDS[field](PLAIN)


@pytest.mark.parametrize("trick", TRICKS.values(), ids=TRICKS)
def test_text_from_a_sandbox_is_changed(trick: str) -> None:
    assert safe_text(f"a{trick}b") == "a_b"
    assert safe_name(f"a{trick}b") == "a_b"
