"""Shows an execution's events in a terminal, and saves its images and files.

What comes from a sandbox is hostile to terminals too: escape sequences can set the
clipboard or fake a prompt. Colours pass; everything else is taken out.
"""

import re
import sys
from pathlib import Path
from typing import TextIO

from cellblock_client.client import Client
from cellblock_client.errors import Error
from cellblock_client.events import (
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
    Result,
    Stderr,
    Stdout,
)
from cellblock_client.types import File, SessionFile

# An escape that does not begin a colour, and control characters but \b \t \n \r.
UNSAFE = re.compile(r"\x1b(?!\[[0-9;:]*m)|[\x00-\x07\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f]")
COLOUR = re.compile(r"\x1b\[[0-9;:]*m")
NAME_TRIES = 1000


class Terminal:
    """Writes to standard output and error, and into one folder."""

    def __init__(self, client: Client, folder: Path) -> None:
        """Save what is generated in `folder`, which is made when it is needed."""
        self._client = client
        self._folder = folder
        self._line_open = False

    def show(self, event: Event) -> None:
        """Show one event."""
        match event:
            case Stdout(text=text):
                self._write(sys.stdout, text)
            case Stderr(text=text):
                self._write(sys.stderr, text)
            case Result() | Display() if event.text:
                self._line(sys.stdout, event.text)
            case Image(file=file):
                self._note(f"[image: {self._save(file)}]")
            case DisplayUpdate(file=None) if event.text:
                self._line(sys.stdout, event.text)
            case DisplayUpdate(file=File() as file):
                self._note(f"[image: {self._save(file)}]")
            case GeneratedFile(file=File() as file, is_full_output=True):
                self._note(f"[all of the output: {self._save(file)}]")
            case GeneratedFile(file=File() as file, renamed_from=before) if before:
                self._note(f"[file: {self._save(file)} (was {plain(before)})]")
            case GeneratedFile(file=File() as file):
                self._note(f"[file: {self._save(file)}]")
            case GeneratedFile(path=path, skipped_reason=reason):
                self._note(f"[file not kept: {plain(path)}: {plain(reason)}]")
            case FileDeleted(path=path):
                self._note(f"[file deleted: {plain(path)}]")
            case ErrorRaised(error=error):
                self._line(sys.stderr, "\n".join(error.traceback))
            case OutputCut():
                self._note(cut_in_words(event))
            case KernelRestarted(reason=reason):
                self._note(f"[kernel restarted, variables are lost: {reason}]")
            case Completed(execution=execution) if execution.failure is not None:
                self._note(f"[{execution.status.name.lower()}: {execution.failure.message}]")

    def finish(self) -> None:
        """End a line that the code left open."""
        if self._line_open:
            self._write(sys.stdout, "\n")

    def free_path(self, filename: str) -> Path:
        """A path in the folder that nothing has, so that no file of the user's is overwritten."""
        self._folder.mkdir(parents=True, exist_ok=True)
        # The server made the name safe; only its last part is used all the same.
        name = Path(plain(filename)).name or "file"
        for number in range(1, NAME_TRIES):
            suffix = "" if number == 1 else f"-{number}"
            path = self._folder / f"{Path(name).stem}{suffix}{Path(name).suffix}"
            if not path.exists():
                return path
        raise Error(f"{self._folder} has too many files called {name}")

    def _write(self, stream: TextIO, text: str) -> None:
        clean = sanitized(text)
        if not stream.isatty():
            clean = COLOUR.sub("", clean)
        stream.write(clean)
        stream.flush()
        self._line_open = not clean.endswith("\n") if clean else self._line_open

    def _line(self, stream: TextIO, text: str) -> None:
        self.finish()
        self._write(stream, text + "\n")

    def _note(self, text: str) -> None:
        self._line(sys.stderr, text)

    def _save(self, file: File) -> Path:
        path = self.free_path(file.filename)
        self._client.files.download(file.id, path)
        return path


def cut_in_words(cut: OutputCut) -> str:
    """What stands in place of output that was left out."""
    unit = "events" if cut.limit == "EVENTS" else "bytes"
    return f"[{cut.omitted_bytes} bytes of output left out: the limit is {cut.limit_value} {unit}]"


def complain(error: Error) -> None:
    """Show an error of a command."""
    sys.stderr.write(f"cellblock: {sanitized(error.message)}\n")


def sanitized(text: str) -> str:
    """Text without anything that a terminal would obey, colours aside."""
    return UNSAFE.sub("", text)


def plain(text: str) -> str:
    """A name or path on one line: what can't be printed is replaced, colours as well."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


def shown_path(file: SessionFile) -> str:
    """What lies in a session: a folder's path ends with a slash."""
    return plain(file.path) + ("/" if file.is_folder else "")
