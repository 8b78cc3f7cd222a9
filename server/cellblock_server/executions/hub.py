"""Tells watchers that an execution has new events."""

import asyncio
from weakref import WeakValueDictionary


class Hub:
    """Wakes whoever waits for more events of an execution.

    Carries no events itself: a watcher reads them from the journal, so a slow one
    holds no queue, loses nothing and blocks nobody.
    """

    def __init__(self) -> None:
        """Start with nobody waiting."""
        self._waiting: WeakValueDictionary[str, asyncio.Event] = WeakValueDictionary()

    def next_change(self, execution_id: str) -> asyncio.Event:
        """An event that is set at the next change.

        Take it before reading the journal: then no change is missed.
        """
        event = self._waiting.get(execution_id)
        if event is None:
            event = self._waiting[execution_id] = asyncio.Event()
        return event

    def changed(self, execution_id: str) -> None:
        """Wake all who wait."""
        event = self._waiting.pop(execution_id, None)
        if event is not None:
            event.set()
