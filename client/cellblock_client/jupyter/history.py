"""History of a kernel, for front ends that offer it to the user."""

from collections import deque
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import islice
from typing import Any

MAX_ENTRIES = 1_000
MAX_CHARACTERS = 65_536
"""Maximum characters of one piece of code, and of its result."""
SESSION = 1
"""Session number in Jupyter's replies: a kernel has one session, and stores no others."""


@dataclass(frozen=True)
class Entry:
    """One piece of code that ran."""

    number: int
    """Number in `In [n]`."""
    code: str
    result: str
    """Text of the result; empty if there was none."""


class History:
    """Recent pieces of code; older and longer ones are dropped."""

    def __init__(self) -> None:
        """Begin empty."""
        self._entries: deque[Entry] = deque(maxlen=MAX_ENTRIES)

    def add(self, number: int, code: str, result: str) -> None:
        """Add code that ran."""
        if len(code) <= MAX_CHARACTERS:
            self._entries.append(Entry(number, code, result[:MAX_CHARACTERS]))

    def tail(self, n: int | None) -> list[Entry]:
        """Return the newest `n`, or all."""
        newest = list(self._entries)
        return newest if n is None else newest[max(0, len(newest) - n) :]

    def range(self, session: int, start: int | None, stop: int | None) -> list[Entry]:
        """Return those from number `start` to before `stop`; session 0 is this one."""
        if session not in (0, SESSION):
            return []
        return [
            entry
            for entry in self._entries
            if (start or 0) <= entry.number and (stop is None or entry.number < stop)
        ]

    def search(self, pattern: str, n: int | None, *, unique: bool) -> list[Entry]:
        """Return the newest `n` that match a file name pattern; with `unique`, each code once."""
        found: list[Entry] = []
        seen: set[str] = set()
        for entry in reversed(self._entries):
            if not fnmatchcase(entry.code, pattern) or (unique and entry.code in seen):
                continue
            seen.add(entry.code)
            found.append(entry)
        return list(islice(found, n))[::-1]


def reply_entries(entries: list[Entry], *, output: bool) -> list[tuple[int, int, Any]]:
    """Return entries in the format of Jupyter's `history_reply`."""
    return [
        (SESSION, entry.number, (entry.code, entry.result or None) if output else entry.code)
        for entry in entries
    ]
