"""Text of an execution for a language model, as the result of its tool call.

It has the outputs in order, the traceback, the cause of a failure, and what happened to files, on
at most a given number of characters. All of it comes from code and is untrusted: it has no control
characters but tab and line feed, and none that reorder others.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from string import ascii_letters, digits
from urllib.parse import quote

from cellblock.v1 import execution_pb2 as pb
from cellblock.v1 import file_pb2
from cellblock_server.common.errors import OutOfRangeError
from cellblock_server.common.shortening import on_one_line, shorten, without_formatting
from cellblock_server.executions.failure_text import cause_in_words
from cellblock_server.executions.outputs import OutputStream, WholeOutputs
from cellblock_server.executions.terminal_text import Terminal

DEFAULT_CHARACTERS = 20_000
MIN_CHARACTERS = 1_000
MAX_CHARACTERS = 1_000_000
MAX_FILES = 50
"""Files of one kind that are listed; the number of the others follows."""
TRACEBACK_HEAD = 0.25
"""Share of a shortened traceback that its beginning takes; its end says what is wrong."""
NOTHING = "[No output]"
SAFE = frozenset(ascii_letters + digits + "/!$&'*+,-.:;=@_~")
"""ASCII characters that stay as they are in a link."""


@dataclass(frozen=True)
class ModelText:
    """Text for a model, and the images that it names."""

    text: str
    is_truncated: bool
    """Whether a part was left out because of the limit."""
    images: list[file_pb2.File]


def checked_limit(max_characters: int) -> int:
    """Return the limit of a text; 0 means the default. Raises OutOfRangeError."""
    if max_characters == 0:
        return DEFAULT_CHARACTERS
    if not MIN_CHARACTERS <= max_characters <= MAX_CHARACTERS:
        raise OutOfRangeError(
            "max_characters",
            f"must be {MIN_CHARACTERS} to {MAX_CHARACTERS}, got {max_characters}",
        )
    return max_characters


async def model_text_of(
    events: AsyncIterator[pb.ExecutionEvent], max_characters: int = DEFAULT_CHARACTERS
) -> ModelText:
    """Return the text of an execution's events, complete or so far."""
    parts = _Parts()
    async for event in events:
        parts.add(event)
    return parts.model_text(max_characters)


class _Parts:
    """Parts of the text, collected from events."""

    def __init__(self) -> None:
        self._stream = OutputStream()
        self._outputs = WholeOutputs()
        self._tracebacks: list[str] = []
        self._changed: list[str] = []
        self._deleted: list[str] = []
        self._notes: list[str] = []
        self._end: pb.Execution | None = None

    def add(self, event: pb.ExecutionEvent) -> None:
        """Process the next event."""
        match event.WhichOneof("event"):
            case "error":
                self._tracebacks.append(_traceback(event.error))
            case "file" if event.file.is_full_output:
                self._notes.append(_full_output(event.file))
            case "file":
                self._changed.append(_changed_file(event.file))
            case "file_deleted":
                self._deleted.append(on_one_line(event.file_deleted.path))
            case "completed":
                self._end = event.completed.execution
            case _:
                self._outputs.add(self._stream.add(event))

    def model_text(self, limit: int) -> ModelText:
        """Return the text, shortened to `limit` characters."""
        self._outputs.add(self._stream.finish())
        images = [shown.image for shown in self._outputs.outputs if shown.HasField("image")]
        cause = cause_in_words(self._end) if self._end else "[The code has not ended yet]"
        files = "\n".join(self._lines_about_files())
        parts = [self._body(), "\n".join(self._tracebacks), cause, files]
        body, error, cause, files = map(without_formatting, parts)
        if not (body or error or cause):
            body = NOTHING
        # Each part may have about a quarter of the limit, and takes what others leave.
        short_cause, short_files = shorten(cause, limit // 4), shorten(files, limit // 4)
        rest = limit - len(short_cause) - len(short_files) - 3
        short_error = shorten(error, rest - min(len(body), limit // 4), TRACEBACK_HEAD)
        short = [shorten(body, rest - len(short_error)), short_error, short_cause, short_files]
        return ModelText(
            text="\n".join(part.removesuffix("\n") for part in short if part),
            is_truncated=short != [body, error, cause, files],
            images=images,
        )

    def _body(self) -> str:
        """Return the outputs without tracebacks; an image is a line with its name."""
        pieces: list[str] = []
        for shown in self._outputs.outputs:
            if shown.HasField("image"):
                if pieces and not pieces[-1].endswith("\n"):
                    pieces.append("\n")
                pieces.append(f"[Image: {_image_name(shown.image)}]\n")
            else:
                pieces.append(shown.logs)
        return "".join(pieces).rstrip("\n")

    def _lines_about_files(self) -> list[str]:
        lines = _list("Files created or changed:", self._changed)
        return [*lines, *_list("Files deleted:", self._deleted), *self._notes]


def _traceback(error: pb.CodeError) -> str:
    return _rendered("\n".join(error.traceback)) or _rendered(f"{error.name}: {error.value}")


def _rendered(text: str) -> str:
    """Return text as a terminal shows it, without control characters."""
    terminal = Terminal()
    return (terminal.write(text, on_own_lines=True) + terminal.flush()).strip("\n")


def _image_name(image: file_pb2.File) -> str:
    name = _link(image.path) if image.path else on_one_line(image.filename)
    return f"{name}, id {image.id}"


def _changed_file(change: pb.GeneratedFile) -> str:
    link = _link(change.path or change.file.path)
    if change.skipped_reason:
        return f"{link} (can't be downloaded: {on_one_line(change.skipped_reason)})"
    if change.renamed_from:
        return f"{link} (moved from {on_one_line(change.renamed_from)})"
    return f"{link} ({change.file.bytes:,} bytes)"


def _full_output(change: pb.GeneratedFile) -> str:
    if change.skipped_reason:
        return f"[The complete output was not stored: {on_one_line(change.skipped_reason)}]"
    name = on_one_line(change.file.filename)
    return f"[The complete output is stored for the user: {name}, id {change.file.id}]"


def _link(path: str) -> str:
    """Return a link to a file as models write it; what would end it early is escaped."""
    return "sandbox:" + "".join(map(_in_link, path))


def _in_link(sign: str) -> str:
    is_plain = sign in SAFE or (not sign.isascii() and sign.isprintable())
    return sign if is_plain else quote(sign, safe="")


def _list(heading: str, items: list[str]) -> list[str]:
    if not items:
        return []
    lines = [heading, *(f"- {item}" for item in items[:MAX_FILES])]
    if len(items) > MAX_FILES:
        lines.append(f"- … and {len(items) - MAX_FILES:,} more")
    return lines
