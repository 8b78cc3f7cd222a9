"""Building blocks of forged answers."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

import grpc
from google.protobuf.message import Message

from cellblock.agent.v1 import agent_pb2 as pb
from tests.support.forged import (
    Answers,
    ForgedAgent,
    Lie,
    Script,
    batch,
    finished,
    numbered,
    started,
)

Requests = AsyncIterator[bytes]


def says(*events: pb.Event, **lies: Lie) -> Script:
    """Return an agent that sends these events, with correct numbers and names."""

    def messages(name: str) -> Iterable[bytes]:
        copies = [pb.Event.FromString(event.SerializeToString()) for event in events]
        return [batch(*numbered(1, name, *copies))]

    return Script(messages, lies)


def sends(make: Callable[[str], Iterable[bytes]], **lies: Lie) -> Script:
    """Return an agent that puts these bytes into its event stream."""
    return Script(make, lies)


def answers(*messages: Message | bytes) -> Lie:
    """Return an answer to one call."""

    async def lie(_agent: ForgedAgent, _requests: Requests, _context: Any) -> Answers:
        for message in messages:
            yield message if isinstance(message, bytes) else message.SerializeToString()

    return lie


def endless(message: Message | bytes) -> Lie:
    """Return an answer that repeats a message forever."""

    async def lie(_agent: ForgedAgent, _requests: Requests, _context: Any) -> Answers:
        while True:
            yield message if isinstance(message, bytes) else message.SerializeToString()

    return lie


def fails(code: grpc.StatusCode, details: str = "", trailers: int = 0) -> Lie:
    """Return an answer with a status and with trailers of so many bytes."""

    async def lie(_agent: ForgedAgent, _requests: Requests, context: Any) -> Answers:
        context.set_trailing_metadata((("x-lie", "x" * trailers),))
        await context.abort(code, details)
        yield b""

    return lie


async def never(_agent: ForgedAgent, _requests: Requests, _context: Any) -> Answers:
    """Return an answer that never comes."""
    await asyncio.Event().wait()
    yield b""


def leaves(*files: pb.FileEntry, **lies: Lie) -> Script:
    """Return an agent whose execution leaves these files."""
    changes = pb.FileChanges(changed=[pb.ChangedFile(file=file) for file in files])
    return says(started(), finished(changes=changes), **lies)


def field(number: int, data: bytes) -> bytes:
    """Encode a field of bytes like protobuf."""
    size, length = len(data), b""
    while size > 127:
        length += bytes([size & 127 | 128])
        size >>= 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + data
