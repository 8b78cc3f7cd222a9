"""Tells watchers that an execution has new events."""

import asyncio
from weakref import WeakValueDictionary

Name = tuple[str, str]
"""Tenant and id."""


class Hub:
    """Wakes whoever waits for more events of an execution, which is named with its tenant.

    Carries no events itself: a watcher reads them from the journal, so a slow one
    holds no queue, loses nothing and blocks nobody.
    """

    def __init__(self) -> None:
        """Start with nobody waiting."""
        self._waiting: WeakValueDictionary[Name, asyncio.Event] = WeakValueDictionary()

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
