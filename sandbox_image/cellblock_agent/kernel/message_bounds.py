"""Bounds on one message of a kernel, for the agent that reads it and the kernel that sends it.

User code has the kernel's key and can sign any message. Reading one takes several times its
size: the frame, its text, the values in it. An empty list is three bytes of JSON and 64 of
Python. So the size and the number of values are counted before a message is parsed.
"""

import re
from collections.abc import Sequence

from cellblock_agent.processes import memory

MAX_BYTES = 48 * 2**20
"""Enough for the largest image that an operator can allow (32 MiB), in base64."""
MEMORY_SHARE = 24
"""A message may have this part of the sandbox's memory: reading one takes five times its size,
and two more may wait."""
WIDE = 4
"""Bytes of a character in memory once a text has one that is not ASCII."""
BYTES_PER_VALUE = 16
"""A message may have so many times fewer values than bytes: each takes up to 100 in memory."""
SMALL_BYTES = 64 * 2**10
"""Up to this size nothing needs to be counted."""

_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[{,:]', re.DOTALL)
"""A string, or what comes before a value. Possessive: one pass, and no memory for going back."""


class MessageBounds:
    """What one message may have in a sandbox with this much memory."""

    def __init__(self, given_limit: int = 0) -> None:
        """`given_limit` is the sandbox's memory in bytes where no control group shows it, or 0."""
        self._told_limit = given_limit

    @property
    def max_bytes(self) -> int:
        """Bytes of a message of ASCII text. A sandbox's memory may change while it runs."""
        limit = memory.read_memory_limit() or self._told_limit
        return min(MAX_BYTES, limit // MEMORY_SHARE) if limit else MAX_BYTES

    def problem_of(self, parts: Sequence[bytes | memoryview]) -> str:
        """Say why a message of these parts is too large; empty if it is not."""
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
            return (
                f"{memory.format_bytes(wide)} of text that is not ASCII are more than {most_text}"
            )
        values = most // BYTES_PER_VALUE
        if any(_has_more_values(part, values) for part in large):
            return f"it has more than {values} values"
        return ""


def _has_more_values(text: bytes, most: int) -> bool:
    """Whether JSON has more values than `most`; names count."""
    if sum(text.count(mark) for mark in (b"[", b"{", b",", b":", b'"')) <= most:
        return False
    return any(number >= most for number, _token in enumerate(_TOKEN.finditer(text)))
