"""Newest events of a flood, bounded."""

from collections import deque

from cellblock.agent.v1 import agent_pb2 as pb
from cellblock_agent.output.journal import MAX_TEXT
from cellblock_agent.output.text import truncate_text_start


class Tail:
    """Buffer of the newest events: drops the oldest, and counts what it dropped."""

    def __init__(
        self,
        limit: pb.OutputLimit.ValueType,
        limit_value: int,
        *,
        max_text_bytes: int,
        max_rich_bytes: int,
        max_events: int,
    ) -> None:
        """Keep up to these limits; `limit` is the one that was reached."""
        self.has_dropped_text = False
        self._limit = limit
        self._limit_value = limit_value
        self._max_text_bytes = max_text_bytes
        self._max_rich_bytes = max_rich_bytes
        self._max_events = max(1, max_events)
        self._events: deque[tuple[pb.Event, int]] = deque()
        """Events with their sizes: bytes of text, or of anything else."""
        self._text = 0
        self._rich = 0
        self._omitted = 0

    def add_text(self, event: pb.Event) -> None:
        """Add a piece of a stream."""
        text = truncate_text_start(event.stream_text.text, self._max_text_bytes)
        size = len(text.encode())
        if omitted := len(event.stream_text.text.encode()) - size:
            # Older text can't be shown as if nothing was missing after it.
            self._drop_all()
            self._drop_text(omitted)
        self._text += size
        if size and not self._join(event.stream_text.name, text, size):
            event.stream_text.text = text
            self._events.append((event, size))
        self._shrink()

    def add_rich(self, event: pb.Event, size: int) -> None:
        """Add any other event."""
        self._rich += size
        self._events.append((event, size))
        self._shrink()

    def settle(self, *, keep: bool) -> list[pb.Event]:
        """Remove and return its events, or only a note of what is missing without `keep`."""
        kept = [event for event, _size in self._events] if keep else []
        if keep:
            self._events.clear()
            self._text = self._rich = 0
        else:
            self._drop_all()
        omitted, self._omitted = self._omitted, 0
        if not omitted:
            return kept
        missing = pb.OutputCut(
            omitted_bytes=omitted, limit=self._limit, limit_value=self._limit_value
        )
        return [pb.Event(output_cut=missing), *kept]

    def _join(self, name: pb.StreamName.ValueType, text: str, size: int) -> bool:
        if not self._events:
            return False
        newest, newest_size = self._events[-1]
        stream = newest.stream_text
        if not newest.HasField("stream_text") or stream.name != name:
            return False
        if len(stream.text) + len(text) > MAX_TEXT:
            return False
        stream.text += text
        self._events[-1] = (newest, newest_size + size)
        return True

    def _shrink(self) -> None:
        while (
            self._text > self._max_text_bytes
            or self._rich > self._max_rich_bytes
            or len(self._events) > self._max_events
        ):
            event, size = self._events.popleft()
            if event.HasField("stream_text"):
                self._text -= size
                room_for_one = len(self._events) < self._max_events
                self._drop_text(size - (self._keep_end(event, size) if room_for_one else 0))
            else:
                self._rich -= size
                self._omitted += size

    def _drop_all(self) -> None:
        self._drop_text(self._text)
        self._omitted += self._rich
        self._events.clear()
        self._text = self._rich = 0

    def _drop_text(self, size: int) -> None:
        self._omitted += size
        self.has_dropped_text = self.has_dropped_text or size > 0

    def _keep_end(self, event: pb.Event, size: int) -> int:
        """Keep as much of the end of the oldest text as fits; return its bytes."""
        room = min(size, self._max_text_bytes - self._text)
        kept = truncate_text_start(event.stream_text.text, room) if room > 0 else ""
        if not kept:
            return 0
        event.stream_text.text = kept
        kept_size = len(kept.encode())
        self._text += kept_size
        self._events.appendleft((event, kept_size))
        return kept_size
