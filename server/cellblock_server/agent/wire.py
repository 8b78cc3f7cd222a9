"""Counts a protobuf message's fields before it is parsed into objects, which take more memory.

Source: protobuf's documentation, "Encoding".
"""

from enum import IntEnum
from typing import Any, TypeAlias

from google.protobuf.message import DecodeError, Message

Kind: TypeAlias = Any
"""A message's descriptor, of either protobuf implementation."""


class WireType(IntEnum):
    """Encoding of a field, without groups, which none of our messages has."""

    VARINT = 0
    FIXED64 = 1
    BYTES = 2
    FIXED32 = 5


def has_more_fields(kind: type[Message], data: bytes, most: int) -> bool:
    """Return whether a message has more than `most` fields, those of inner messages included.

    Raises DecodeError for some invalid messages.
    """
    if len(data) < 2 * most:
        return False  # a field has two bytes at least
    try:
        return _left(memoryview(data), kind.DESCRIPTOR, most) < 0
    except IndexError as error:
        raise DecodeError("truncated") from error


def _left(data: memoryview, kind: Kind, left: int) -> int:
    """Return how many of `left` fields remain after a message's; negative if it has too many.

    Recursion is bounded: it follows the descriptors, not the data.
    """
    place, end = 0, len(data)
    while place < end and left >= 0:
        left -= 1
        tag, place = _varint(data, place)
        match tag & 7:
            case WireType.BYTES:
                size, place = _varint(data, place)
                field = kind.fields_by_number.get(tag >> 3)
                if field is not None and field.message_type is not None:
                    left = _left(data[place : place + size], field.message_type, left)
                place += size
            case WireType.VARINT:
                _value, place = _varint(data, place)
            case WireType.FIXED64:
                place += 8
            case WireType.FIXED32:
                place += 4
            case _:
                raise DecodeError("a group")
    return left


def _varint(data: memoryview, place: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
    raise DecodeError("a number of more than ten bytes")
