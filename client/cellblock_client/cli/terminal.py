"""Shows an execution's events in a terminal, and saves its images and files."""

import sys
from pathlib import Path
from typing import TextIO

from cellblock_client.cli.colours import takes_colours
from cellblock_client.cli.folder import Folder
from cellblock_client.cli.pictures import MAX_BYTES, picture_drawer
from cellblock_client.cli.words import COLOUR, cut_in_words, plain, sanitized
from cellblock_client.client import Client
from cellblock_client.errors import Error, UnauthenticatedError, UnavailableError
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
from cellblock_client.types import File

HINTS: tuple[tuple[type[Error], str], ...] = (
    (UnavailableError, ": start a server with `cellblock serve`, or name another with --address"),
    (UnauthenticatedError, ": give a key with --api-key-file, or in CELLBLOCK_API_KEY"),
)
"""Advice for errors whose message has none."""


class Terminal:
    """Writer to standard output and error, and into one directory."""

    def __init__(self, client: Client, folder: Path) -> None:
        """Save generated files in `folder`, which is created when needed."""
        self.folder = Folder(client, folder)
        self._draw = picture_drawer(sys.stdout)
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
            case Image(file=file) | DisplayUpdate(file=File() as file):
                self._image(file)
            case DisplayUpdate(file=None) if event.text:
                self._line(sys.stdout, event.text)
            case GeneratedFile(file=File() as file, is_full_output=True):
                self.note(f"[all of the output: {self.folder.save(file)}]")
            case GeneratedFile(file=File() as file, renamed_from=before) if before:
                self.note(f"[file: {self.folder.save(file)} (was {plain(before)})]")
            case GeneratedFile(file=File() as file):
                self.note(f"[file: {self.folder.save(file)}]")
            case GeneratedFile(path=path, skipped_reason=reason):
                self.note(f"[file not kept: {plain(path)}: {plain(reason)}]")
            case FileDeleted(path=path):
                self.note(f"[file deleted: {plain(path)}]")
            case ErrorRaised(error=error):
                self._line(sys.stderr, "\n".join(error.traceback))
            case OutputCut():
                self.note(cut_in_words(event))
            case KernelRestarted(reason=reason):
                self.note(f"[kernel restarted, variables are lost: {reason}]")
            case Completed(execution=execution) if execution.failure is not None:
                self.note(f"[{execution.status.name.lower()}: {execution.failure.message}]")

    def finish(self) -> None:
        """End a line that the code left open."""
        if self._line_open:
            self._write(sys.stdout, "\n")

    def _write(self, stream: TextIO, text: str) -> None:
        clean = sanitized(text)
        if not takes_colours(stream):
            clean = COLOUR.sub("", clean)
        stream.write(clean)
        stream.flush()
        self._line_open = not clean.endswith("\n") if clean else self._line_open

    def _line(self, stream: TextIO, text: str) -> None:
        self.finish()
        self._write(stream, text + "\n")

    def _image(self, file: File) -> None:
        path = self.folder.save(file)
        self.note(f"[image: {path}]")
        if self._draw is not None and file.bytes <= MAX_BYTES:
            sys.stdout.write(self._draw(path.read_bytes()))
            sys.stdout.flush()

    def note(self, text: str) -> None:
        """Write a note about the output to standard error."""
        self._line(sys.stderr, text)


def print_error(error: Error) -> None:
    """Show an error of a command, with advice if there is any."""
    hint = next(
        (hint for kind, hint in HINTS if isinstance(error, kind) and not error.retry_after), ""
    )
    message = "\n".join(map(plain, error.message.split("\n")))
    sys.stderr.write(f"cellblock: {message}{hint}\n")
