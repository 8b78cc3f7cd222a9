"""Journal of the agent's events: numbered, and kept until the server has stored them."""

import asyncio
from collections import deque
from collections.abc import Callable

from cellblock.agent.v1 import agent_pb2 as pb

MAX_TEXT = 65536
"""Maximum characters of one text event; small pieces are joined up to this."""


MANY = 32
"""Number of events that are sent without waiting for the server or for more events."""
GATHER_SECONDS = 0.01
"""Time that output waits for more output, in seconds: short code needs one message."""
GATHERED = frozenset(
    {"execution_started", "stream_text", "rich", "clear_output", "error", "output_cut"}
)
"""Kinds of events that wait; all others are sent immediately, with the events before them."""


class Journal:
    """Numbered events, kept until acknowledged.

    The callers bound its size: executions by their limits, and the next one starts only when the
    server has the end of the previous one; changed files while nothing runs by `FileWatch`, which
    waits for the server; all other output by `BACKGROUND_LIMITS`.
    """

    def __init__(self) -> None:
        """Start empty; the first number is 1."""
        self._events: deque[pb.Event] = deque()
        self._last = 0
        self._acknowledged = 0
        self._sent = 0
        self._due = 0
        """Number up to which events need not wait any longer."""
        self._gathering: asyncio.TimerHandle | None = None
        self._changed = asyncio.Event()

    @property
    def last_sequence(self) -> int:
        """Number of the newest event; 0 if there has been none."""
        return self._last

    @property
    def acknowledged(self) -> int:
        """Number up to which the server has stored all events."""
        return self._acknowledged

    @property
    def is_empty(self) -> bool:
        """Whether all events are acknowledged."""
        return not self._events

    def append(self, event: pb.Event) -> bool:
        """Store an event with the next number; return False if it was joined to the previous one.

        Consecutive small texts become one event.
        """
        if self._join(event):
            return False
        self._last += 1
        event.sequence = self._last
        self._events.append(event)
        if event.WhichOneof("event") not in GATHERED or self._last - self._due >= MANY:
            self._release_gathered()
        elif self._gathering is None:
            loop = asyncio.get_running_loop()
            self._gathering = loop.call_later(GATHER_SECONDS, self._release_gathered)
        return True

    def acknowledge(self, sequence: int) -> None:
        """Drop events up to a number. Raises ValueError for a number that was never sent."""
        if not 0 <= sequence <= self._sent:
            raise ValueError(f"must be 0 to {self._sent}, got {sequence}")
        self._acknowledged = max(self._acknowledged, sequence)
        self._changed.set()
        while self._events and self._events[0].sequence <= sequence:
            self._events.popleft()

    def wake(self) -> None:
        """Make `next_batch` check `is_current`."""
        self._changed.set()

    async def next_batch(
        self, sequence: int, max_bytes: int, is_current: Callable[[], bool]
    ) -> list[pb.Event]:
        """Return the events after a number: at least one, at most `max_bytes` but for the first.

        Waits for an event, and, while there are few, until the server has stored the previous ones:
        it stores one batch at a time, and later events can join the next one. Marks the events as
        sent. Returns none as soon as `is_current` returns False. Raises ValueError if events after
        `sequence` have been dropped.
        """
        while is_current() and (
            self._due <= sequence
            or (self._acknowledged < sequence and self._last - sequence < MANY)
        ):
            self._changed.clear()
            await self._changed.wait()
        if not is_current():
            return []
        if sequence < self._acknowledged:
            raise ValueError(f"events up to {self._acknowledged} were dropped, got {sequence}")
        batch: list[pb.Event] = []
        size = 0
        for event in self._events:
            if event.sequence <= sequence:
                continue
            size += event.ByteSize()
            if batch and size > max_bytes:
                break
            batch.append(event)
        self._sent = max(self._sent, batch[-1].sequence)
        return batch

    def _release_gathered(self) -> None:
        if self._gathering is not None:
            self._gathering.cancel()
            self._gathering = None
        self._due = self._last
        self._changed.set()

    def _join(self, event: pb.Event) -> bool:
        if not self._events or not event.HasField("stream_text"):
            return False
        newest = self._events[-1]
        text, more = newest.stream_text, event.stream_text
        if (
            newest.sequence <= self._sent
            or not newest.HasField("stream_text")
            or newest.execution_id != event.execution_id
            or text.name != more.name
            or len(text.text) + len(more.text) > MAX_TEXT
        ):
            return False
        text.text += more.text
        return True
