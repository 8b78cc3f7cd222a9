"""Translation of Jupyter's messages into events; user code can forge any message."""

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellblock.agent.v1 import agent_pb2 as pb
from cellblock_agent.output.translate import (
    error_of,
    event_of,
    execution_count_of,
    is_begin,
    is_idle,
    nanos_of,
    parent_of,
)

KINDS = [
    "stream",
    "execute_result",
    "display_data",
    "update_display_data",
    "clear_output",
    "error",
    "status",
    "execute_input",
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
FIELDS = ["name", "text", "data", "metadata", "transient", "ename", "evalue", "traceback", "wait"]


def message(kind: str, **content: object) -> dict[str, Any]:
    return {"msg_type": kind, "content": content, "parent_header": {"msg_id": "m1"}}


def event(kind: str, **content: object) -> pb.Event:
    found = event_of(message(kind, **content))
    assert found is not None
    return found


@given(st.sampled_from(KINDS), st.dictionaries(st.sampled_from(FIELDS), JSON) | JSON, JSON)
def test_no_message_is_too_odd(kind: str, content: object, parent: object) -> None:
    odd = {"msg_type": kind, "content": content, "parent_header": parent}
    found = event_of(odd)
    if found is not None:
        found.SerializeToString()
    assert isinstance(parent_of(odd), str)
    assert execution_count_of(odd) >= 0
    assert isinstance(is_idle(odd), bool)


def test_streams() -> None:
    found = event("stream", name="stderr", text="oh")
    assert (found.stream_text.name, found.stream_text.text) == (pb.STREAM_NAME_STDERR, "oh")
    assert event_of(message("stream", name="other", text="x")) is None


def test_bundles_are_decoded_by_their_type() -> None:
    data = {
        "text/plain": "plain \ud800",
        "image/png": base64.b64encode(b"\x89PNG").decode(),
        "application/json": {"a": [1]},
        "image/jpeg": "not base64!",
    }
    found = event("execute_result", data=data, metadata={"a": 1}, transient={"display_id": "d"})
    assert found.rich.kind == pb.RICH_KIND_RESULT
    assert dict(found.rich.data) == {
        "text/plain": "plain \N{REPLACEMENT CHARACTER}".encode(),
        "image/png": b"\x89PNG",
        "application/json": b'{"a": [1]}',
    }
    assert (found.rich.metadata_json, found.rich.display_id) == ('{"a": 1}', "d")


def test_an_error_on_the_output_channel_is_text() -> None:
    found = event("error", ename="E", evalue="bad", traceback=["1", "2"])
    assert found.stream_text == pb.StreamText(name=pb.STREAM_NAME_STDERR, text="1\n2\n")
    assert event("error", ename="E", evalue="bad").stream_text.text == "E: bad\n"


def test_the_error_of_a_reply_ended_the_code() -> None:
    content = {"status": "error", "ename": "E", "evalue": "bad", "traceback": ["1", "2"]}
    found = error_of({"content": content})
    assert found is not None
    assert found.error == pb.Error(name="E", value="bad", traceback=["1", "2"])
    assert error_of({"content": content | {"status": "ok"}}) is None
    assert error_of({}) is None


def test_the_course_of_a_cell() -> None:
    assert is_begin(message("execute_input"))
    assert is_idle(message("status", execution_state="idle"))
    assert not is_idle(message("status", execution_state="busy"))
    assert parent_of(message("status")) == "m1"
    assert execution_count_of(message("execute_reply", execution_count=7)) == 7


@pytest.mark.parametrize("kind", ["status", "execute_input", "comm_open", "", None])
def test_what_shows_nothing_is_no_event(kind: str) -> None:
    assert event_of(message(kind)) is None


@pytest.mark.parametrize(
    ("date", "nanos"),
    [
        ("1970-01-01T00:00:01.5Z", 1_500_000_000),
        ("1970-01-01T01:00:01.500000+01:00", 1_500_000_000),
        ("soon", None),
        ("9999-12-31T23:59:59-23:59", 253_402_387_139_000_000_000),
        (17, None),
        (None, None),
    ],
)
def test_when_a_message_was_made(date: object, nanos: int | None) -> None:
    assert nanos_of(message("execute_input") | {"date": date}) == nanos
    assert nanos_of(message("execute_input")) is None
