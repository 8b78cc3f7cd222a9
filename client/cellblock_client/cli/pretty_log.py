"""Log of a session for people: code, output, images and files."""

import io
import sys

from rich.console import Console
from rich.syntax import Syntax

from cellblock_client.cli.colours import takes_colours
from cellblock_client.cli.folder import Folder
from cellblock_client.cli.pictures import MAX_BYTES, picture_drawer
from cellblock_client.cli.words import COLOUR, cut_in_words, plain, sanitized
from cellblock_client.client import Client
from cellblock_client.errors import NotFoundError
from cellblock_client.events import (
    Code,
    Completed,
    Display,
    DisplayUpdate,
    ErrorRaised,
    Event,
    FileDeleted,
    GeneratedFile,
    Image,
    KernelRestarted,
    OutputCut,
    Queued,
    Result,
    Stderr,
    Stdout,
)
from cellblock_client.types import ExecutionInfo, File, FileChange, SessionInfo

MAX_HIGHLIGHTED = 100_000
"""Maximum characters of code to highlight: more would take seconds."""
COLOURS_OFF = "\x1b[0m"


class PrettyLog:
    """Writer of a log to standard output: in colour if that is a terminal, and NO_COLOR unset."""

    def __init__(self, client: Client, folder: Folder | None) -> None:
        """Save images and files in `folder`, if one is given."""
        self._client = client
        self._folder = folder
        self._in_colour = takes_colours(sys.stdout)
        self._draw = picture_drawer(sys.stdout)
        self._headed = ""
        self._end_is_news = False
        self._line_open = False

    def show(self, event: Event, execution: ExecutionInfo | None) -> None:
        """Show an event. If its execution is unknown, request it once its code is complete."""
        if self._headed != event.execution_id:
            if execution is None and isinstance(event, Code | Queued):
                return
            self._head(execution or self._client.executions.get(event.execution_id))
        match event:
            case Stdout(text=text) | Stderr(text=text):
                self._write(text)
            case Result() | Display() | DisplayUpdate(file=None) if event.text:
                self._line(event.text)
            case Image(file=file) | DisplayUpdate(file=File() as file):
                self._image(file)
            case GeneratedFile(file=file, path=path, skipped_reason=reason, renamed_from=before):
                self._change(FileChange(path, file, reason, before, deleted=False))
            case FileDeleted(path=path):
                self._change(FileChange(path, None, "", "", deleted=True))
            case ErrorRaised(error=error):
                self._line("\n".join(error.traceback))
            case OutputCut():
                self._line(cut_in_words(event))
            case KernelRestarted(reason=reason):
                self._line(f"[kernel restarted: {reason}]")
            case Completed(execution=ended) if ended.failure is not None:
                self._line(f"[{ended.status.name.lower()}: {ended.failure.message}]")
            case Completed(execution=ended) if self._end_is_news:
                self._line(f"({_state(ended)})")

    def has_not_ended(self) -> None:
        """Show that the last execution has not ended."""
        self._line("(has not ended)")

    def background(self, info: SessionInfo) -> None:
        """Show what happened while no execution ran."""
        if info.background_output:
            self._heading("── written while no execution ran")
            self._write(info.background_output)
        if info.background_changes:
            self._heading("── changed while no execution ran")
            for change in info.background_changes:
                self._change(change)
        self._end_line()

    def _head(self, execution: ExecutionInfo) -> None:
        self._headed = execution.id
        self._end_is_news = execution.end_time is None
        self._heading(f"── {execution.id} ({_state(execution)})")
        code = COLOUR.sub("", sanitized(execution.code))
        indented = "".join(f"  {line}\n" for line in code.splitlines())
        # Unsanitized: its colours are our own.
        sys.stdout.write(highlighted(indented) if self._in_colour else indented)
        sys.stdout.flush()

    def _image(self, file: File) -> None:
        self._line(f"[image {self._location(file)} {plain(file.filename)}, {file.bytes} bytes]")
        if self._draw is None or file.bytes > MAX_BYTES:
            return
        try:
            data = self._client.files.read(file.id)
        except NotFoundError:
            return
        sys.stdout.write(self._draw(data))
        sys.stdout.flush()

    def _change(self, change: FileChange) -> None:
        path, file = plain(change.path), change.file
        if change.deleted:
            self._line(f"[file deleted: {path}]")
        elif file is None:
            self._line(f"[file not kept: {path}: {plain(change.skipped_reason)}]")
        else:
            moved = f" (was {plain(change.renamed_from)})" if change.renamed_from else ""
            name = path or plain(file.filename)
            self._line(f"[file {self._location(file)} {name}{moved}, {file.bytes} bytes]")

    def _location(self, file: File) -> str:
        """Return the path of a file that was saved now, or its id."""
        if self._folder is None:
            return file.id
        try:
            return plain(str(self._folder.save(file)))
        except NotFoundError:
            return f"{file.id} (deleted)"

    def _heading(self, text: str) -> None:
        self._end_line()
        # The output of code may have left a colour on.
        self._write(f"{COLOURS_OFF}{text}\n")

    def _line(self, text: str) -> None:
        self._end_line()
        self._write(text + "\n")

    def _end_line(self) -> None:
        if self._line_open:
            self._write("\n")

    def _write(self, text: str) -> None:
        clean = sanitized(text)
        if not self._in_colour:
            clean = COLOUR.sub("", clean)
        sys.stdout.write(clean)
        sys.stdout.flush()
        self._line_open = not clean.endswith("\n") if clean else self._line_open


def _state(execution: ExecutionInfo) -> str:
    state = execution.status.name.lower()
    if execution.start_time and execution.end_time:
        return f"{state}, {(execution.end_time - execution.start_time).total_seconds():.2f} s"
    return state


def highlighted(code: str) -> str:
    """Highlight Python code with a terminal's own colours."""
    if len(code) > MAX_HIGHLIGHTED:
        return code
    text = Syntax("", "python", theme="ansi_dark", background_color="default").highlight(code)
    # As for a terminal of 16 colours, which follow the user's theme.
    console = Console(file=io.StringIO(), force_terminal=True, color_system="standard")
    with console.capture() as captured:
        console.print(text, end="", soft_wrap=True)
    return captured.get()
