"""Targets of downloads: an unused path, or standard output."""

import codecs
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO, cast

import typer

from cellblock_client.cli.words import sanitized
from cellblock_client.content import Target

STDOUT = "-"
TargetPath = Annotated[
    Path | None,
    typer.Argument(
        metavar="TARGET|-",
        help="Path, folder, or - for standard output. Default: the file's own name.",
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")]


def goes_to_terminal(target: Path | None) -> bool:
    """Return whether the output would interfere with a progress bar."""
    return str(target) == STDOUT and sys.stdout.isatty()


@contextmanager
def writing_to(target: Path | None, name: str, *, force: bool) -> Iterator[Target]:
    """Open the target for writing. A path is printed once it has been written."""
    if str(target) == STDOUT:
        yield _standard_output()
        sys.stdout.flush()
        return
    # Only the last part of the name from a server or a sandbox is used.
    path = target or Path(Path(name).name or "file")
    if path.is_dir():
        path /= Path(name).name or "file"
    if os.path.lexists(path) and not force:
        raise typer.BadParameter(f"{path} exists: --force overwrites it")
    yield path
    typer.echo(path)


def _standard_output() -> BinaryIO:
    return cast(BinaryIO, _SafeTerminal()) if sys.stdout.isatty() else sys.stdout.buffer


class _SafeTerminal(io.RawIOBase):
    """Writer of bytes as text without control sequences except colours."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def write(self, data: bytes, /) -> int:  # type: ignore[override] # never anything else
        sys.stdout.write(sanitized(self._decoder.decode(data)))
        return len(data)
