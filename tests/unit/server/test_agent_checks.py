"""Checks of agent messages: counted fields on the wire match protobuf's own parsing."""

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
"""Fields of the event and of its error."""


def test_fields_of_nested_messages_are_counted() -> None:
    batch = pb.ConverseResponse(events=[EVENT] * 10)
    data = batch.SerializeToString()
    assert not has_more_fields(pb.ConverseResponse, data, 10 * (1 + FIELDS))
    assert has_more_fields(pb.ConverseResponse, data, 10 * (1 + FIELDS) - 1)


def test_text_is_never_counted_as_a_message() -> None:
    data = pb.StreamText(text="\n\0" * 1000).SerializeToString()
    assert not has_more_fields(pb.StreamText, data, 1)


def test_message_with_too_many_fields_is_refused_before_parsing() -> None:
    read = reader(pb.ConverseResponse)
    assert isinstance(read(b"\x0a\x00" * MAX_FIELDS), pb.ConverseResponse)
    assert isinstance(read(b"\x0a\x00" * (MAX_FIELDS + 1)), Refused)
    with pytest.raises(ProtocolViolationError, match="fields"):
        checked(read(b"\x0a\x00" * (MAX_FIELDS + 1)))


@settings(deadline=None, max_examples=300)
@given(data=st.binary(max_size=200))
def test_any_bytes_are_parsed_or_refused(data: bytes) -> None:
    message = reader(pb.ConverseResponse)(data)
    try:
        assert message == pb.ConverseResponse.FromString(data)
    except DecodeError:
        assert isinstance(message, Refused)


def test_stream_of_only_tiny_pieces_is_refused() -> None:
    pieces = PieceCounter(None)
    for _ in range(FREE_PIECES):
        pieces.count_piece(b"x")
    with pytest.raises(ProtocolViolationError, match="65 bytes in 65 pieces"):
        pieces.count_piece(b"x")
