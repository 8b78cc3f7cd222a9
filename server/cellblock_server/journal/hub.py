"""Tells watchers that an execution has new events, and has the newest of them at hand."""

import asyncio
from collections import deque
from collections.abc import Sequence
from weakref import WeakValueDictionary

from cellblock.v1 import execution_pb2 as pb

Name = tuple[str, str]
"""Tenant and id."""

RECENT_EVENTS = 64
RECENT_BYTES = 256 * 1024
"""Of one execution: what a watcher who keeps up need not read from the store."""


class Recent:
    """The newest events of an execution that has not ended, as they are stored."""

    def __init__(self) -> None:
        """Start before the first event."""
        self._events: deque[tuple[pb.ExecutionEvent, int]] = deque()
        self._bytes = 0
        self._last = 0

    def add(self, events: Sequence[tuple[pb.ExecutionEvent, int]]) -> None:
        """Take the next events, with their sizes in bytes."""
        for event, size in events:
            self._events.append((event, size))
            self._bytes += size
            self._last = event.sequence
        while self._bytes > RECENT_BYTES or len(self._events) > RECENT_EVENTS:
            _event, size = self._events.popleft()
            self._bytes -= size

    def since(self, sequence: int) -> list[pb.ExecutionEvent] | None:
        """All events from a number on; None if they are not all here any more."""
        if sequence <= self._last - len(self._events):
            return None
        return [event for event, _size in self._events if event.sequence >= sequence]


class Hub:
    """Wakes whoever waits for more events of an execution, which is named with its tenant.

    Holds no queue for a watcher: one that is slow reads from the store, loses nothing and
    blocks nobody.
    """

    def __init__(self) -> None:
        """Start with nobody waiting."""
        self._waiting: WeakValueDictionary[Name, asyncio.Event] = WeakValueDictionary()
        self._recent: dict[Name, Recent] = {}

    def recent(self, name: Name) -> Recent | None:
        """The newest events of an execution that began here and has not ended."""
        return self._recent.get(name)

    def add(self, name: Name, events: Sequence[tuple[pb.ExecutionEvent, int]]) -> None:
        """An execution has these events, with their sizes, and they are stored."""
        if events[0][0].sequence == 1:
            self._recent[name] = Recent()
        if recent := self._recent.get(name):
            recent.add(events)
        if events[-1][0].HasField("completed"):
            self._recent.pop(name, None)
        self.changed(name)

    def next_change(self, name: Name) -> asyncio.Event:
        """An event that is set at the next change.

        Take it before reading the journal: then no change is missed.
        """
        event = self._waiting.get(name)
        if event is None:
            event = self._waiting[name] = asyncio.Event()
        return event

    def changed(self, name: Name) -> None:
        """Wake all who wait."""
        event = self._waiting.pop(name, None)
        if event is not None:
            event.set()
