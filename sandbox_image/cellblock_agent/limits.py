"""Bounds on what one execution shows."""

from dataclasses import dataclass

from cellblock.agent.v1 import agent_pb2 as pb
from cellblock_agent.text import cut

EVENT_BYTES = 128
"""What an event counts besides its text: a million empty ones are not free."""
ERROR_BYTES = 65536
"""Of an exception's name, message and traceback; shown even when the text is full."""
IMAGE_TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp")


@dataclass
class OutputMeter:
    """Lets events pass until a limit is met, and counts what it drops."""

    max_text_bytes: int
    max_image_bytes: int
    max_images: int
    omitted_bytes: int = 0
    _used: int = 0
    _images: int = 0

    def admit(self, event: pb.Event) -> list[pb.Event]:
        """The event as it may pass: whole, cut, replaced by a notice, or not at all."""
        match event.WhichOneof("event"):
            case "stream_text":
                return self._text(event)
            case "rich":
                return self._rich(event)
            case "error":
                _cut_error(event.error)
        return [event] if self._fits(EVENT_BYTES) or event.HasField("error") else []

    def cut_event(self) -> pb.Event | None:
        """What says that something was dropped, if anything was."""
        if not self.omitted_bytes:
            return None
        cut_off = pb.OutputCut(omitted_bytes=self.omitted_bytes, limit_bytes=self.max_text_bytes)
        return pb.Event(output_cut=cut_off)

    def _text(self, event: pb.Event) -> list[pb.Event]:
        text = event.stream_text.text
        size = len(text.encode())
        room = self.max_text_bytes - self._used
        self._used += min(size, max(room, 0))
        if size > room:
            kept = cut(text, max(room, 0))
            self.omitted_bytes += size - len(kept.encode())
            event.stream_text.text = kept
        return [event] if event.stream_text.text else []

    def _rich(self, event: pb.Event) -> list[pb.Event]:
        notices: list[pb.Event] = []
        for kind in IMAGE_TYPES:
            if kind in event.rich.data and (problem := self._image_problem(event.rich.data[kind])):
                del event.rich.data[kind]
                text = pb.StreamText(name=pb.STREAM_NAME_STDERR, text=f"[{kind}: {problem}]\n")
                notices += self._text(pb.Event(stream_text=text))
        plain = sum(
            len(value) for kind, value in event.rich.data.items() if kind not in IMAGE_TYPES
        )
        if not event.rich.data or not self._fits(
            plain + len(event.rich.metadata_json.encode()) + EVENT_BYTES
        ):
            return notices
        return [*notices, event]

    def _image_problem(self, data: bytes) -> str:
        if len(data) > self.max_image_bytes:
            return f"left out, {len(data)} bytes are more than {self.max_image_bytes}"
        self._images += 1
        if self._images > self.max_images:
            return f"left out, there were {self.max_images} images already"
        return ""

    def _fits(self, size: int) -> bool:
        if self._used + size > self.max_text_bytes:
            self.omitted_bytes += size
            return False
        self._used += size
        return True


def _cut_error(error: pb.Error) -> None:
    error.name = cut(error.name, ERROR_BYTES)
    error.value = cut(error.value, ERROR_BYTES)
    left = ERROR_BYTES
    kept: list[str] = []
    # The end of a traceback tells more than its beginning.
    for line in reversed(error.traceback):
        line_cut = cut(line, left)
        left -= len(line_cut.encode())
        kept.append(line_cut)
        if left <= 0:
            break
    error.ClearField("traceback")
    error.traceback.extend(reversed(kept))
