"""What is counted on the wire is what protobuf would make of it."""

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st

from cellblock.agent.v1 import agent_pb2 as pb
from cellblock_server.agent.checks import (
    FREE_PIECES,
    MAX_FIELDS,
    PieceCounter,
    ProtocolViolationError,
    Refused,
    checked,
    reader,
)
from cellblock_server.agent.wire import has_more_fields

EVENT = pb.Event(
    sequence=1,
    execution_id="call_1",
    error=pb.Error(name="E", traceback=["one", "two"]),
)
FIELDS = 3 + 3
"""The event's, and its error's."""


def test_fields_of_inner_messages_are_counted() -> None:
    batch = pb.ConverseResponse(events=[EVENT] * 10)
    data = batch.SerializeToString()
    assert not has_more_fields(pb.ConverseResponse, data, 10 * (1 + FIELDS))
    assert has_more_fields(pb.ConverseResponse, data, 10 * (1 + FIELDS) - 1)


def test_text_is_no_message_whatever_is_in_it() -> None:
    data = pb.StreamText(text="\n\0" * 1000).SerializeToString()
    assert not has_more_fields(pb.StreamText, data, 1)


def test_a_message_with_too_many_is_refused_unread() -> None:
    read = reader(pb.ConverseResponse)
    assert isinstance(read(b"\x0a\x00" * MAX_FIELDS), pb.ConverseResponse)
    assert isinstance(read(b"\x0a\x00" * (MAX_FIELDS + 1)), Refused)
    with pytest.raises(ProtocolViolationError, match="fields"):
        checked(read(b"\x0a\x00" * (MAX_FIELDS + 1)))


@settings(deadline=None, max_examples=300)
@given(data=st.binary(max_size=200))
def test_any_bytes_are_a_message_or_refused(data: bytes) -> None:
    message = reader(pb.ConverseResponse)(data)
    try:
        assert message == pb.ConverseResponse.FromString(data)
    except DecodeError:
        assert isinstance(message, Refused)


def test_a_stream_of_bytes_may_have_small_pieces_but_not_only() -> None:
    pieces = PieceCounter(None)
    for _ in range(FREE_PIECES):
        pieces.count_piece(b"x")
    with pytest.raises(ProtocolViolationError, match="65 bytes in 65 pieces"):
        pieces.count_piece(b"x")
