"""Limits of one execution's output.

Until a limit is reached, all events pass immediately. From then on they wait in a tail that keeps
the newest: at the end it follows a note of how much is missing, so that the beginning and the end
of a flood are both shown.
"""

from cellblock.agent.v1 import agent_pb2 as pb
from cellblock_agent.output.exception_text import cut_exception
from cellblock_agent.output.image_size import count_pixels
from cellblock_agent.output.tail import Tail
from cellblock_agent.output.text import truncate_text

TAIL_SHARE = 4
"""Divisor of the limits for the tail."""
METADATA_BYTES = 65536
"""Maximum size of a display's metadata, which the server parses; larger metadata is dropped."""
IMAGE_TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp")
"""MIME types that are sent as images, the best first."""


class OutputMeter:
    """Meter that passes events until a limit is reached, and counts what it drops."""

    def __init__(self, limits: pb.OutputLimits) -> None:
        """Apply `limits` to one execution."""
        self._limits = limits
        self._text = 0
        self._rich = 0
        self._images = 0
        self._events = 0
        self._tail: Tail | None = None

    def admit(self, event: pb.Event) -> list[pb.Event]:
        """Return the events to send now: the event itself, a cut or replaced one, or none yet."""
        match event.WhichOneof("event"):
            case "rich":
                return self._admit_rich(event)
            case "error":
                return self._admit_error(event)
            case "stream_text":
                return self._admit_text(event)
        return self._admit_small(event)

    @property
    def has_cut_text(self) -> bool:
        """Whether some of the text was dropped."""
        return self._tail is not None and self._tail.has_dropped_text

    def count_event(self) -> None:
        """Count an event that was sent and not joined to another one."""
        self._events += 1

    def finish(self) -> list[pb.Event]:
        """Return the remaining events, once no more follow."""
        return [] if self._tail is None else self._tail.settle(keep=True)

    def _admit_text(self, event: pb.Event) -> list[pb.Event]:
        if self._tail is None:
            text = event.stream_text.text
            room = self._limits.max_text_bytes - self._text
            if self._events >= self._limits.max_events:
                self._tail = self._new_tail(pb.OUTPUT_LIMIT_EVENTS)
            elif (size := len(text.encode())) <= room:
                self._text += size
                return [event] if text else []
            else:
                self._tail = self._new_tail(pb.OUTPUT_LIMIT_TEXT)
                self._text += room
                kept = truncate_text(text, room)
                event.stream_text.text = text[len(kept) :]
                self._tail.add_text(event)
                first = pb.StreamText(name=event.stream_text.name, text=kept)
                return [pb.Event(stream_text=first)] if kept else []
        self._tail.add_text(event)
        return []

    def _admit_rich(self, event: pb.Event) -> list[pb.Event]:
        now = self._choose_image(event.rich)
        if len(event.rich.metadata_json.encode()) > METADATA_BYTES:
            event.rich.metadata_json = ""
        if not event.rich.data:
            return now
        has_image = any(kind in event.rich.data for kind in IMAGE_TYPES)
        size = _rich_size(event.rich)
        if self._tail is None:
            if self._events >= self._limits.max_events:
                self._tail = self._new_tail(pb.OUTPUT_LIMIT_EVENTS)
            elif size <= self._limits.max_rich_bytes - self._rich:
                self._rich += size
                return [*now, event]
            else:
                self._tail = self._new_tail(pb.OUTPUT_LIMIT_RICH)
        if not has_image:
            self._tail.add_rich(event, size)
            return now
        # Images are few, and too big to wait; the tail before one counts as the middle.
        if size > self._limits.max_rich_bytes // TAIL_SHARE:
            event.rich.metadata_json = ""
            for kind in [kind for kind in event.rich.data if kind not in IMAGE_TYPES]:
                del event.rich.data[kind]
        return [*now, *self._tail.settle(keep=False), event]

    def _choose_image(self, rich: pb.Rich) -> list[pb.Event]:
        """Keep only the best valid image of a bundle; return events that explain a lack of one."""
        problems: list[str] = []
        chosen = False
        for kind in IMAGE_TYPES:
            if kind not in rich.data:
                continue
            problem = "" if chosen else self._image_problem(rich.data[kind])
            if problem:
                problems.append(f"[{kind}: {problem}]\n")
            if problem or chosen:
                del rich.data[kind]
            else:
                chosen = True
        if chosen or not problems:
            return []
        text = pb.StreamText(name=pb.STREAM_NAME_STDERR, text=problems[0])
        return self._admit_text(pb.Event(stream_text=text))

    def _admit_error(self, event: pb.Event) -> list[pb.Event]:
        """Admit the exception that ended the code: after the tail, even if a limit is reached."""
        error = event.error
        cut = cut_exception(error.name, error.value, list(error.traceback))
        fitting = pb.Error(name=cut.name, value=cut.value, traceback=cut.traceback)
        return [*self.finish(), pb.Event(error=fitting)]

    def _admit_small(self, event: pb.Event) -> list[pb.Event]:
        size = event.ByteSize()
        if self._tail is None:
            if self._events >= self._limits.max_events:
                self._tail = self._new_tail(pb.OUTPUT_LIMIT_EVENTS)
            elif size <= self._limits.max_rich_bytes - self._rich:
                self._rich += size
                return [event]
            else:
                self._tail = self._new_tail(pb.OUTPUT_LIMIT_RICH)
        self._tail.add_rich(event, size)
        return []

    def _image_problem(self, data: bytes) -> str:
        most = self._limits
        if len(data) > most.max_image_bytes:
            return f"left out, {len(data)} bytes are more than {most.max_image_bytes}"
        pixels = count_pixels(data)
        if pixels == 0:
            return "left out, it can't be read"
        if pixels > most.max_image_pixels:
            return f"left out, {pixels} pixels are more than {most.max_image_pixels}"
        if self._images >= most.max_images:
            return f"left out, there were {most.max_images} images already"
        self._images += 1
        return ""

    def _new_tail(self, limit: pb.OutputLimit.ValueType) -> Tail:
        most = self._limits
        values = {
            pb.OUTPUT_LIMIT_TEXT: most.max_text_bytes,
            pb.OUTPUT_LIMIT_RICH: most.max_rich_bytes,
            pb.OUTPUT_LIMIT_EVENTS: most.max_events,
        }
        return Tail(
            limit,
            values[limit],
            max_text_bytes=most.max_text_bytes // TAIL_SHARE,
            max_rich_bytes=most.max_rich_bytes // TAIL_SHARE,
            max_events=most.max_events // TAIL_SHARE,
        )


def _rich_size(rich: pb.Rich) -> int:
    """Return the size without the image: names of types, which code chooses, count as well."""
    images = sum(len(rich.data[kind]) for kind in IMAGE_TYPES if kind in rich.data)
    return rich.ByteSize() - images
