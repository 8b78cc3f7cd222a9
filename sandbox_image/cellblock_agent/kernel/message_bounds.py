"""Bounds on one message of a kernel, for the agent that reads it and the kernel that sends it.

User code has the kernel's key and can sign any message. Reading one takes several times its size:
the frame, its text, the values in it. An empty list is three bytes of JSON and 64 of Python. So the
size and the number of values are counted before a message is parsed.
"""

import re
from collections.abc import Sequence

from cellblock_agent.processes import memory

MAX_BYTES = 48 * 2**20
"""Maximum size; enough for the largest image that an operator can allow (32 MiB), in base64."""
MEMORY_SHARE = 24
"""Divisor of the sandbox's memory for one message: reading it takes five times its size, and two
more may wait."""
WIDE = 4
"""Bytes of a character in memory once a text has one that is not ASCII."""
BYTES_PER_VALUE = 16
"""Minimum average size of a value: each value takes up to 100 bytes in memory."""
SMALL_BYTES = 64 * 2**10
"""Size up to which nothing has to be counted."""

_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[{,:]', re.DOTALL)
"""String, or the character before a value. Possessive: one pass, no memory for backtracking."""


class MessageBounds:
    """Bounds of one message in a sandbox with a given amount of memory."""

    def __init__(self, given_limit: int = 0) -> None:
        """Use `given_limit`, the sandbox's memory in bytes, where no control group shows it."""
        self._given_limit = given_limit

    @property
    def max_bytes(self) -> int:
        """Maximum bytes of a message in ASCII. The sandbox's memory may change while it runs."""
        limit = memory.read_memory_limit() or self._given_limit
        return min(MAX_BYTES, limit // MEMORY_SHARE) if limit else MAX_BYTES

    def problem_of(self, parts: Sequence[bytes | memoryview]) -> str:
        """Return why a message of these parts is too large; an empty string if it is not."""
        size = 0
        for part in parts:
            size += len(part) if isinstance(part, bytes) else memoryview(part).nbytes
        if size <= SMALL_BYTES:
            return ""
        most = self.max_bytes
        if size > most:
            return f"{memory.format_bytes(size)} are more than {memory.format_bytes(most)}"
        large = [bytes(part) for part in parts if memoryview(part).nbytes > SMALL_BYTES]
        wide = sum(len(part) for part in large if not part.isascii())
        if wide * WIDE > most:
            most_text = memory.format_bytes(most // WIDE)
            return f"{memory.format_bytes(wide)} of non-ASCII text are more than {most_text}"
        values = most // BYTES_PER_VALUE
        if any(_has_more_values(part, values) for part in large):
            return f"it has more than {values} values"
        return ""


def _has_more_values(text: bytes, most: int) -> bool:
    """Return whether JSON has more than `most` values; names count."""
    if sum(text.count(mark) for mark in (b"[", b"{", b",", b":", b'"')) <= most:
        return False
    return any(number >= most for number, _token in enumerate(_TOKEN.finditer(text)))
