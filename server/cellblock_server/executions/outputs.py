"""From an execution's events to its outputs: what a reader has before them in the end.

Text between two images is one piece, in the order in which it came: streams, results,
displays and the traceback. What was cleared, overwritten or replaced is left out.
"""

import re
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from cellblock.v1 import execution_pb2 as pb
from cellblock.v1 import file_pb2
from cellblock_server.executions.terminal_text import resolved

PLAIN = "text/plain"
TEXT_TYPES = (PLAIN, "text/markdown", "text/latex", "application/json")
"""Representations that people read as they are, the best first."""
PLACEHOLDER = re.compile(r"<IPython\.\S+ object>")
"""What objects that are only there to be displayed have for plain text."""


@dataclass
class _Piece:
    """Text or an image."""

    text: str = ""
    image: file_pb2.File | None = None
    display_id: str = ""
    is_block: bool = False
    """Whether it begins on a line of its own."""


async def outputs_of(events: AsyncIterator[pb.ExecutionEvent]) -> list[pb.Output]:
    """The outputs of an execution's events."""
    collected = Outputs()
    async for event in events:
        collected.add(event)
    return collected.finish()


class Outputs:
    """Collects events."""

    def __init__(self) -> None:
        """Start with nothing shown."""
        self._pieces: list[_Piece] = []
        self._displays: defaultdict[str, list[_Piece]] = defaultdict(list)
        self._clear_first = False

    def add(self, event: pb.ExecutionEvent) -> None:
        """Take in the next event."""
        match event.WhichOneof("event"):
            case "stdout":
                self._show(_Piece(event.stdout.text))
            case "stderr":
                self._show(_Piece(event.stderr.text))
            case "result":
                self._show(_block(event.result.data, event.result.display_id))
            case "display":
                self._show(_block(event.display.data, event.display.display_id))
            case "image":
                image = event.image
                self._show(_Piece(image=image.file, display_id=image.display_id))
            case "display_update":
                self._replace(event.display_update)
            case "output_cleared" if event.output_cleared.wait:
                self._clear_first = True
            case "output_cleared":
                self._clear()
            case "error":
                self._show(_Piece("\n".join(event.error.traceback), is_block=True))
            case "output_cut":
                self._show(_Piece(cut_in_words(event.output_cut), is_block=True))

    def finish(self) -> list[pb.Output]:
        """What is shown in the end."""
        outputs: list[pb.Output] = []
        text: list[str] = []
        for piece in self._pieces:
            if piece.image is None:
                _append(text, piece)
                continue
            outputs += _logs(text)
            text = []
            outputs.append(pb.Output(image=piece.image))
        return outputs + _logs(text)

    def _show(self, piece: _Piece) -> None:
        if self._clear_first:
            self._clear_first = False
            self._clear()
        self._pieces.append(piece)
        if piece.display_id:
            self._displays[piece.display_id] = [*self._displays[piece.display_id], piece]

    def _clear(self) -> None:
        self._pieces.clear()
        self._displays.clear()

    def _replace(self, update: pb.DisplayUpdate) -> None:
        for piece in self._displays.get(update.output.display_id, ()):
            piece.image = update.image if update.HasField("image") else None
            piece.text = "" if piece.image else _words(update.output.data)
            piece.is_block = piece.image is None


def cut_in_words(cut: pb.OutputCut) -> str:
    """What stands in place of output that was left out."""
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


def _append(text: list[str], piece: _Piece) -> None:
    if piece.is_block and text and not text[-1].endswith("\n"):
        text.append("\n")
    if piece.text:
        text.append(piece.text)
    if piece.is_block and piece.text and not piece.text.endswith("\n"):
        text.append("\n")


def _logs(text: list[str]) -> list[pb.Output]:
    logs = resolved("".join(text))
    return [pb.Output(logs=logs)] if logs else []
