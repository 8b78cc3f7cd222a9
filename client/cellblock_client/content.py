"""Sources and targets of bytes: a path, a file object or memory."""

import io
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO, cast

from cellblock_client.errors import InvalidArgumentError
from cellblock_client.types import File

Source = str | os.PathLike[str] | bytes | BinaryIO
"""Source of bytes: a path, the bytes, or an open binary file, read from its current position."""
Target = str | os.PathLike[str] | BinaryIO
"""Target of bytes: a path, or an open binary file."""
Progress = Callable[[int, int | None], None]
"""Callback for progress: bytes done, and bytes in total or None if unknown.

It may be called from another thread. An exception that it raises ends the transfer, and is raised
to the caller.
"""

CHUNK_BYTES = 2**20
"""Size of a chunk in bytes, within the API's limit."""


@contextmanager
def opened(source: Source) -> Iterator[BinaryIO]:
    """Open the source for reading; close it afterwards unless it is the caller's own object."""
    if isinstance(source, bytes):
        yield io.BytesIO(source)
    elif isinstance(source, str | os.PathLike):
        # Unbuffered: a buffer's lock would be held while a read waits for a FIFO's other end.
        with Path(source).open("rb", buffering=0) as file:
            yield cast(BinaryIO, file)
    else:
        yield source


@contextmanager
def created(target: Target) -> Iterator[BinaryIO]:
    """Open the target for writing; close it afterwards unless it is the caller's own object.

    A path gets the new content when it is complete. Until then, and after a failure, it has its
    previous content.
    """
    if not isinstance(target, str | os.PathLike):
        yield target
        return
    # Keep links as links, and write to /dev/null and other devices directly.
    path = Path(os.path.realpath(target))
    if path.exists() and not stat.S_ISREG(path.stat().st_mode):
        with path.open("wb") as file:
            yield file
        return
    partial = path.with_name(f".{token_hex(8)}.part")
    try:
        with partial.open("xb") as file:
            yield file
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def is_path(target: Target) -> bool:
    """Return whether the target is a path, which appears complete even if a write is repeated."""
    return isinstance(target, str | os.PathLike)


def is_folder(source: object) -> bool:
    """Return whether the source is the path of a directory."""
    return isinstance(source, str | os.PathLike) and Path(source).is_dir()


def own_name(source: object) -> str:
    """Return the name of the file at a path, or of an open file; empty if it has none."""
    if isinstance(source, str | os.PathLike):
        # Not resolved: the caller sees the link's own name. But `.` and `..` have no name.
        own = Path(source).name
        return own if own not in ("", "..") else Path(source).resolve().name
    name = getattr(source, "name", None)
    return Path(name).name if isinstance(name, str) else ""


def filename_of(item: Source | File) -> str:
    """Return the name of the file to attach; empty if it has none."""
    return item.filename if isinstance(item, File) else own_name(item)


def name_of(source: Source, filename: str | None) -> str:
    """Return the file's name: the one given, or the source's own."""
    if name := filename or own_name(source):
        return name
    raise InvalidArgumentError(
        "filename: is needed for bytes", field="filename", problem="is needed for bytes"
    )
