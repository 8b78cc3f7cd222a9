"""Conversion of an execution's events to outputs: text (`logs`) and images, as they become final.

Text between two images is one piece, in order of arrival: streams, results, displays and the
traceback; at last the cause, if something outside the code ended it. Outputs are append-only: a
client that receives every delta ends with exactly what a later read returns. Text that code can
still change is withheld: a line until it is complete; once code has cleared its output or moved up
to earlier lines, everything that it could change in this way again.
"""

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass

from cellblock.v1 import execution_pb2 as pb
from cellblock.v1 import file_pb2
from cellblock_server.executions.failure_text import cause_in_words
from cellblock_server.executions.terminal_text import Terminal

PLAIN = "text/plain"
TEXT_TYPES = (PLAIN, "text/markdown", "text/latex", "application/json")
"""Representations that people can read as text, in order of preference."""
PLACEHOLDER = re.compile(r"<IPython\.\S+ object>")
"""Plain text of IPython objects whose only purpose is to be displayed."""


@dataclass(frozen=True)
class OutputDelta:
    """An addition to the output at an index: text for its end, or a whole image."""

    index: int
    logs: str = ""
    image: file_pb2.File | None = None


@dataclass
class _Piece:
    """Text or an image."""

    text: str = ""
    image: file_pb2.File | None = None
    display_id: str = ""
    is_block: bool = False
    """Whether it starts on a new line."""
    source: str = ""
    """Name of the stream that it comes from."""


async def outputs_of(events: AsyncIterator[pb.ExecutionEvent]) -> list[pb.Output]:
    """Return the outputs of an execution's events, complete or so far."""
    stream = OutputStream()
    outputs = WholeOutputs()
    async for event in events:
        outputs.add(stream.add(event))
    outputs.add(stream.finish())
    return outputs.outputs


class WholeOutputs:
    """Outputs accumulated from deltas."""

    def __init__(self) -> None:
        """Start with nothing shown."""
        self.outputs: list[pb.Output] = []

    def add(self, deltas: Iterator[OutputDelta]) -> None:
        """Apply deltas."""
        for delta in deltas:
            if delta.index == len(self.outputs):
                self.outputs.append(pb.Output(logs=delta.logs, image=delta.image))
                if delta.image is None:
                    self.outputs[-1].logs = delta.logs
            else:
                self.outputs[delta.index].logs += delta.logs


class OutputStream:
    """Turns events into deltas. The same events always make the same deltas."""

    def __init__(self) -> None:
        """Start with nothing shown."""
        self._terminal = Terminal()
        self._index = 0
        self._has_logs = False
        """Whether the output at the current index is text that was already sent in part."""
        self._held: list[_Piece] | None = None
        """Pieces withheld until the end, because code clears its output; None before."""
        self._clear_first = False
        self._shown: dict[str, _Piece] = {}
        """Pieces sent for displays with an id, by id."""
        self._newest: dict[str, _Piece] = {}
        """Latest replacements of these displays, by id."""
        self._cause = ""
        """Cause that ended the execution from outside the code, in words."""

    def add(self, event: pb.ExecutionEvent) -> Iterator[OutputDelta]:
        """Process the next event. Return the deltas that it makes final."""
        match event.WhichOneof("event"):
            case "stdout":
                yield from self._show(_Piece(event.stdout.text, source="stdout"))
            case "stderr":
                yield from self._show(_Piece(event.stderr.text, source="stderr"))
            case "result":
                yield from self._show(_block(event.result.data, event.result.display_id))
            case "display":
                yield from self._show(_block(event.display.data, event.display.display_id))
            case "image":
                image = event.image
                yield from self._show(_Piece(image=image.file, display_id=image.display_id))
            case "display_update":
                self._replace(event.display_update)
            case "output_cleared" if event.output_cleared.wait:
                self._clear_first = True
            case "output_cleared":
                self._clear()
            case "error":
                traceback = "\n".join(event.error.traceback)
                yield from self._show(_Piece(traceback, is_block=True))
            case "output_cut":
                yield from self._show(_Piece(cut_in_words(event.output_cut), is_block=True))
            case "completed":
                self._cause = cause_in_words(event.completed.execution)

    def finish(self) -> Iterator[OutputDelta]:
        """Return the deltas that become final at the end."""
        for piece in self._held or ():
            yield from self._write(piece)
        for piece in self._newest.values():
            yield from self._write(piece)
        if self._cause:
            yield from self._write(_Piece(self._cause, is_block=True))
        yield from self._logs(self._terminal.flush())

    def _show(self, piece: _Piece) -> Iterator[OutputDelta]:
        if self._clear_first:
            self._clear()
        if self._held is not None:
            self._held.append(piece)
            return
        if piece.display_id:
            self._shown[piece.display_id] = piece
        yield from self._write(piece)

    def _write(self, piece: _Piece) -> Iterator[OutputDelta]:
        if piece.image is not None:
            yield from self._logs(self._terminal.flush())
            self._index += self._has_logs
            self._has_logs = False
            yield OutputDelta(self._index, image=piece.image)
            self._index += 1
            return
        text = self._terminal.write(piece.text, piece.source, on_own_lines=piece.is_block)
        yield from self._logs(text)

    def _logs(self, text: str) -> Iterator[OutputDelta]:
        if text:
            self._has_logs = True
            yield OutputDelta(self._index, logs=text)

    def _clear(self) -> None:
        self._clear_first = False
        self._held = []
        self._terminal.clear()
        self._shown.clear()
        self._newest.clear()

    def _replace(self, update: pb.DisplayUpdate) -> None:
        name = update.output.display_id
        new = _block(update.output.data, name)
        if update.HasField("image"):
            new = _Piece(image=update.image, display_id=name)
        held = [place for place, piece in enumerate(self._held or ()) if piece.display_id == name]
        for place in held:
            if self._held is not None:
                self._held[place] = new
        if not held and name in self._shown:
            self._newest.pop(name, None)
            if new != self._shown[name]:
                self._newest[name] = new


def cut_in_words(cut: pb.OutputCut) -> str:
    """Return the text that replaces omitted output."""
    limits = {
        pb.OUTPUT_LIMIT_TEXT: "bytes of text",
        pb.OUTPUT_LIMIT_RICH: "bytes of results and displays",
        pb.OUTPUT_LIMIT_EVENTS: "outputs",
    }
    what = limits.get(cut.limit, "")
    return (
        f"[… {cut.omitted_bytes} bytes were left out here: the limit is {cut.limit_value} {what} …]"
    )


def _block(data: Mapping[str, str], display_id: str) -> _Piece:
    return _Piece(_words(data), display_id=display_id, is_block=True)


def _words(data: Mapping[str, str]) -> str:
    for kind in TEXT_TYPES:
        if kind in data and not PLACEHOLDER.fullmatch(data[kind]):
            return data[kind]
    others = (f"[{kind}, {len(data[kind])} characters]" for kind in sorted(data) if kind != PLAIN)
    return " ".join(others) or data.get(PLAIN, "")
