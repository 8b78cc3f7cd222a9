"""What is checked of an agent's messages before anything is made of them.

An agent that user code has got hold of may send what it likes. Whatever no agent of
ours says is a ProtocolViolationError, which ends the session: see `AgentConnection`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from google.protobuf.message import DecodeError, Message

from cellblock.agent.v1 import agent_pb2 as pb
from cellblock_server.agent.wire import has_more_fields
from cellblock_server.common.errors import CellblockError, InvalidArgumentError
from cellblock_server.common.ids import check_id

M = TypeVar("M", bound=Message)

MAX_FIELDS = 2**18
"""Fields of one message, those of inner messages included. An empty inner message has two
bytes on the wire and about a hundred in memory, so a bound on bytes alone is not enough."""
MAX_PATH_CHARACTERS = 2**13
"""Of a path below the data folder: 17 names of 255 bytes are the longest that is told."""
MAX_WORDS = 500
"""Characters of what an agent says for people."""
LATEST_SECONDS = 253_402_300_799
"""The last second of the year 9999: a Timestamp has no later one."""
PIECE_BYTES = 2**12
FREE_PIECES = 64
"""A stream of bytes has at most so many pieces, and one more for each `PIECE_BYTES`."""


class ProtocolViolationError(CellblockError):
    """The sandbox's agent said what no agent of ours says: the sandbox is not to be trusted."""

    def __init__(self, problem: str) -> None:
        """Say what was wrong."""
        super().__init__("PROTOCOL_VIOLATION", f"the sandbox broke the protocol: {problem}")


@dataclass(frozen=True)
class Refused:
    """Bytes that are no message, or one with too much in it."""

    problem: str


def reader(kind: type[M]) -> Callable[[bytes], M | Refused]:
    """A deserializer for gRPC, which would turn an exception into a missing message."""

    def read(data: bytes) -> M | Refused:
        try:
            if has_more_fields(kind, data, MAX_FIELDS):
                return Refused(f"a {kind.__name__} with more than {MAX_FIELDS} fields")
            return kind.FromString(data)
        except DecodeError:
            return Refused(f"bytes that are no {kind.__name__}")

    return read


def checked(message: M | Refused) -> M:
    """The message. Raises ProtocolViolationError if it is none."""
    if isinstance(message, Refused):
        raise ProtocolViolationError(message.problem)
    return message


def check_entry(entry: pb.FileEntry, path: str | None = None) -> None:
    """Raise ProtocolViolationError unless a file could be so, at `path` if that is known."""
    check_path(entry.path)
    if path is not None and entry.path != path:
        raise ProtocolViolationError(f"{entry.path[:200]!r} instead of {path!r}")
    check_count("size of a file", entry.bytes)
    time = entry.modify_time
    if not 0 <= time.seconds <= LATEST_SECONDS or not 0 <= time.nanos < 10**9:
        raise ProtocolViolationError(f"time {time.seconds} s {time.nanos} ns of a file")


def check_path(path: str) -> None:
    """Raise ProtocolViolationError unless it leads below the data folder."""
    if len(path) > MAX_PATH_CHARACTERS:
        raise ProtocolViolationError(f"a path of {len(path)} characters")
    if "\0" in path or any(part in ("", ".", "..") for part in path.split("/")):
        raise ProtocolViolationError(f"path {path[:200]!r}")


def check_count(what: str, value: int, most: int = 2**63) -> None:
    """Raise ProtocolViolationError for a number below zero or past `most`."""
    if not 0 <= value <= most:
        raise ProtocolViolationError(f"{what}: {value}")


def check_page(files: Iterable[pb.FileEntry], after: str) -> None:
    """Raise ProtocolViolationError unless each file follows the one before, so that pages end."""
    before = after.split("/") if after else []
    for entry in files:
        check_entry(entry)
        parts = entry.path.split("/")
        if parts <= before:
            raise ProtocolViolationError("a list of files that is not in order")
        before = parts


def check_execution_id(value: str) -> None:
    """Raise ProtocolViolationError unless we could have accepted an execution with this id."""
    try:
        check_id("newest_execution_id", value, "call_")
    except InvalidArgumentError as error:
        raise ProtocolViolationError(safe_words(error.message)) from None


def safe_words(words: str) -> str:
    """What an agent says for people: the beginning, without what a terminal obeys."""
    return "".join(sign if sign.isprintable() else "_" for sign in words[:MAX_WORDS])


class Pieces:
    """Counts the pieces of a stream of bytes: they may not be ever so small for ever."""

    def __init__(self, most: int | None) -> None:
        """Bytes that may come, if that is known."""
        self._most = most
        self._bytes = 0
        self._pieces = 0

    def take(self, data: bytes) -> bytes:
        """Count a piece. Raises ProtocolViolationError."""
        self._bytes += len(data)
        self._pieces += 1
        if self._most is not None and self._bytes > self._most:
            raise ProtocolViolationError(f"more than the {self._most} bytes that were asked for")
        if self._pieces > FREE_PIECES + self._bytes // PIECE_BYTES:
            raise ProtocolViolationError(f"{self._bytes} bytes in {self._pieces} pieces")
        return data
