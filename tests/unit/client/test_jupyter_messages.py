"""Output of a sandbox, whatever it contains, never breaks a notebook's kernel."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from cellblock_client.events import Display, Event, FileDeleted, Queued, Result
from cellblock_client.jupyter.messages import MAX_JSON_DEPTH, Message, failure_error, message_of
from cellblock_client.types import Failure, FailureCause

BASE = Event("call_1", 1, datetime(2026, 1, 1, tzinfo=UTC))
JSON = "application/json"


def display(data: dict[str, str], metadata: str = "") -> Message:
    """Return the message of a display event."""
    event = Display(BASE.execution_id, BASE.sequence, BASE.time, data, metadata, "")
    message = message_of(event, b"", 1)
    assert message is not None
    return message


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": [1]}', {"a": [1]}),
        ("0", 0),
        ("[" * MAX_JSON_DEPTH + "]" * MAX_JSON_DEPTH, json.loads("[" * 100 + "]" * 100)),
    ],
)
def test_json_data_is_decoded(text: str, value: Any) -> None:
    assert display({JSON: text}).content["data"] == {JSON: value}


@pytest.mark.parametrize(
    "text", ["", "{", "nan", "[" * 100_000, "[" * (MAX_JSON_DEPTH + 1) + "]" * (MAX_JSON_DEPTH + 1)]
)
def test_invalid_json_is_left_out(text: str) -> None:
    data = {JSON: text, "text/plain": "x"}
    assert display(data).content["data"] == {"text/plain": "x"}


@pytest.mark.parametrize("metadata", ["", "[]", "{", "1"])
def test_invalid_metadata_becomes_an_empty_object(metadata: str) -> None:
    assert display({}, metadata).content["metadata"] == {}


def test_result_has_its_execution_count_and_display_id() -> None:
    event = Result(BASE.execution_id, BASE.sequence, BASE.time, {"text/plain": "1"}, "", "d")
    message = message_of(event, b"", 7)
    assert message is not None
    assert message.content["execution_count"] == 7
    assert message.content["transient"] == {"display_id": "d"}


@pytest.mark.parametrize(
    "event",
    [
        Queued(BASE.execution_id, BASE.sequence, BASE.time, 0),
        FileDeleted(BASE.execution_id, BASE.sequence, BASE.time, "/mnt/data/a"),
    ],
)
def test_event_without_a_jupyter_message_is_skipped(event: Event) -> None:
    assert message_of(event, b"", 1) is None


@pytest.mark.parametrize(
    ("cause", "name"),
    [
        (FailureCause.OUT_OF_MEMORY, "OutOfMemory"),
        (FailureCause.CANCELLED, "KeyboardInterrupt"),
    ],
)
def test_failure_has_the_name_of_an_exception(cause: FailureCause, name: str) -> None:
    error = failure_error(Failure(cause, "why", memory_lost=True))
    assert (error.name, error.value, error.traceback) == (name, "why", (f"{name}: why",))
