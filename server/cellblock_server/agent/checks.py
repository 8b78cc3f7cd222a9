"""Checks of an agent's messages before the server uses them.

User code may control the agent, which can then send anything. A message that our agent never
sends raises ProtocolViolationError, which ends the session: see `AgentConnection`.
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
"""Maximum number of fields of one message, those of inner messages included.

An empty inner message has two bytes on the wire and about a hundred in memory, so a bound on bytes
alone is not enough.
"""
MAX_PATH_CHARACTERS = 2**13
"""Maximum length of a path below the data folder: the agent lists at most 17 names of 255 bytes."""
MAX_MODE = 0o7777
MAX_WORDS = 500
"""Maximum length, in characters, of a text from the agent that people read."""
LATEST_SECONDS = 253_402_300_799
"""The last second of the year 9999: a Timestamp has no later one."""
PIECE_BYTES = 2**12
FREE_PIECES = 64
"""Maximum number of pieces of a byte stream, plus one for each `PIECE_BYTES`."""


class ProtocolViolationError(CellblockError):
    """The sandbox's agent broke the protocol: the sandbox is no longer trusted."""

    def __init__(self, problem: str) -> None:
        """Describe the `problem`."""
        super().__init__("PROTOCOL_VIOLATION", f"the sandbox broke the protocol: {problem}")


@dataclass(frozen=True)
class Refused:
    """Bytes that are not a valid message, or a message with too many fields."""

    problem: str


def reader(kind: type[M]) -> Callable[[bytes], M | Refused]:
    """Return a deserializer for gRPC that doesn't raise: gRPC would drop the message silently."""

    def read(data: bytes) -> M | Refused:
        try:
            if has_more_fields(kind, data, MAX_FIELDS):
                return Refused(f"a {kind.__name__} with more than {MAX_FIELDS} fields")
            return kind.FromString(data)
        except DecodeError:
            return Refused(f"an invalid {kind.__name__}")

    return read


def checked(message: M | Refused) -> M:
    """Return the message. Raises ProtocolViolationError if it was refused."""
    if isinstance(message, Refused):
        raise ProtocolViolationError(message.problem)
    return message


def check_entry(entry: pb.FileEntry, path: str | None = None) -> None:
    """Raise ProtocolViolationError unless the entry is valid, and at `path` if that is given."""
    if entry.path or path != "":  # the data folder itself
        check_path(entry.path)
    if path is not None and entry.path != path:
        raise ProtocolViolationError(f"{entry.path[:200]!r} instead of {path!r}")
    check_count("size of a file", entry.bytes)
    time = entry.modify_time
    if not 0 <= time.seconds <= LATEST_SECONDS or not 0 <= time.nanos < 10**9:
        raise ProtocolViolationError(f"time {time.seconds} s {time.nanos} ns of a file")
    check_count("mode of a file", entry.mode, MAX_MODE)
    if len(entry.link_target) > MAX_PATH_CHARACTERS:
        raise ProtocolViolationError(f"a link's target of {len(entry.link_target)} characters")
    if (entry.is_folder and entry.is_link) or (entry.link_target and not entry.is_link):
        raise ProtocolViolationError(f"{entry.path[:200]!r} is a link and something else")


def check_path(path: str) -> None:
    """Raise ProtocolViolationError unless it leads below the data folder."""
    if len(path) > MAX_PATH_CHARACTERS:
        raise ProtocolViolationError(f"a path of {len(path)} characters")
    if "\0" in path or any(part in ("", ".", "..") for part in path.split("/")):
        raise ProtocolViolationError(f"path {path[:200]!r}")


def check_count(what: str, value: int, most: int = 2**63) -> None:
    """Raise ProtocolViolationError for a number below zero or over `most`."""
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
    """Raise ProtocolViolationError unless this is a valid execution id."""
    try:
        check_id("newest_execution_id", value, "call_")
    except InvalidArgumentError as error:
        raise ProtocolViolationError(safe_words(error.message)) from None


def safe_words(words: str) -> str:
    """Return the beginning of an agent's text, without control characters."""
    return "".join(sign if sign.isprintable() else "_" for sign in words[:MAX_WORDS])


class PieceCounter:
    """Counts the pieces of a byte stream, to refuse endless streams of tiny pieces."""

    def __init__(self, most: int | None) -> None:
        """Allow `most` bytes; None: any number."""
        self._most = most
        self._bytes = 0
        self._pieces = 0

    def count_piece(self, data: bytes) -> bytes:
        """Count a piece and return it. Raises ProtocolViolationError."""
        self._bytes += len(data)
        self._pieces += 1
        if self._most is not None and self._bytes > self._most:
            raise ProtocolViolationError(f"more than the {self._most} bytes that were asked for")
        if self._pieces > FREE_PIECES + self._bytes // PIECE_BYTES:
            raise ProtocolViolationError(f"{self._bytes} bytes in {self._pieces} pieces")
        return data
