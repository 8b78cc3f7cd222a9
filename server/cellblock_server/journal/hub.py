"""Wakes watchers when the journal has stored new events, and keeps the newest in memory."""

import asyncio
from collections import deque
from collections.abc import Sequence
from weakref import WeakValueDictionary

from cellblock.v1 import execution_pb2 as pb

Name = tuple[str, str]
"""Tenant and id."""

RECENT_EVENTS = 64
RECENT_BYTES = 256 * 1024
"""Maximum number and size of an execution's events in memory: watchers that keep up read these."""


class Recent:
    """The newest events of an execution that has not ended, as they are stored."""

    def __init__(self) -> None:
        """Start without an event."""
        self._events: deque[tuple[pb.ExecutionEvent, int]] = deque()
        self._bytes = 0
        self._last = 0

    def add(self, events: Sequence[tuple[pb.ExecutionEvent, int]]) -> None:
        """Add the next events, with their sizes in bytes."""
        for event, size in events:
            self._events.append((event, size))
            self._bytes += size
            self._last = event.sequence
        while self._bytes > RECENT_BYTES or len(self._events) > RECENT_EVENTS:
            _event, size = self._events.popleft()
            self._bytes -= size

    def since(self, sequence: int) -> list[pb.ExecutionEvent] | None:
        """Return all events from a number on; None if some are not in memory any more."""
        if sequence <= self._last - len(self._events):
            return None
        return [event for event, _size in self._events if event.sequence >= sequence]


class Hub:
    """Wakes the watchers of executions, sessions, runs and threads, named by tenant and id.

    It has no queue for each watcher: a slow one reads from the store, loses nothing and delays no
    other.
    """

    def __init__(self) -> None:
        """Start without a watcher."""
        self._waiting: WeakValueDictionary[Name, asyncio.Event] = WeakValueDictionary()
        self._recent: dict[Name, Recent] = {}

    def recent(self, name: Name) -> Recent | None:
        """Return the newest events of an execution that began here and has not ended."""
        return self._recent.get(name)

    def add(self, name: Name, events: Sequence[tuple[pb.ExecutionEvent, int]]) -> None:
        """Add events of an execution that are stored, with their sizes, and wake its watchers."""
        if events[0][0].sequence == 1:
            self._recent[name] = Recent()
        if recent := self._recent.get(name):
            recent.add(events)
        if events[-1][0].HasField("completed"):
            self._recent.pop(name, None)
        self.changed(name)

    def next_change(self, name: Name) -> asyncio.Event:
        """Return an event that is set at the next change.

        Call this before reading the journal: then no change is missed.
        """
        event = self._waiting.get(name)
        if event is None:
            event = self._waiting[name] = asyncio.Event()
        return event

    def changed(self, name: Name) -> None:
        """Wake all watchers of one name."""
        event = self._waiting.pop(name, None)
        if event is not None:
            event.set()
