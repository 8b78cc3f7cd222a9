"""Where bytes come from and go to: a path, a file object or memory."""

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
"""Where bytes come from: a path, the bytes themselves, or an open binary file from where it is."""
Target = str | os.PathLike[str] | BinaryIO
"""Where bytes go to: a path, or an open binary file."""
Progress = Callable[[int, int | None], None]
"""Is called with the bytes that are done and all that there are, None if nobody knows.

May be called from another thread. What it raises ends the transfer, and is raised there.
"""

CHUNK_BYTES = 2**20
"""As the API bounds it."""


@contextmanager
def opened(source: Source) -> Iterator[BinaryIO]:
    """The source for reading; closed afterwards unless it is the caller's own object."""
    if isinstance(source, bytes):
        yield io.BytesIO(source)
    elif isinstance(source, str | os.PathLike):
        # Without a buffer, whose lock a reading that waits for a FIFO's other end holds.
        with Path(source).open("rb", buffering=0) as file:
            yield cast(BinaryIO, file)
    else:
        yield source


@contextmanager
def created(target: Target) -> Iterator[BinaryIO]:
    """The target for writing; closed afterwards unless it is the caller's own object.

    A path has the new content once it is whole; until then, and if it never is, what was
    there before.
    """
    if not isinstance(target, str | os.PathLike):
        yield target
        return
    # A link stays one, and so do /dev/null and the like.
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
    """Whether it is a path: what is written there appears whole, however often it is begun."""
    return isinstance(target, str | os.PathLike)


def is_folder(source: object) -> bool:
    """Whether it is the path of one."""
    return isinstance(source, str | os.PathLike) and Path(source).is_dir()


def own_name(source: object) -> str:
    """The name of what is at a path, or of an open file; empty if it has none."""
    if isinstance(source, str | os.PathLike):
        # Not resolved: a link's own name is what the caller sees. But `.` has no name.
        return Path(source).name or Path(source).resolve().name
    name = getattr(source, "name", None)
    return Path(name).name if isinstance(name, str) else ""


def filename_of(item: Source | File) -> str:
    """The name of what is to be attached; empty if it has none."""
    return item.filename if isinstance(item, File) else own_name(item)


def name_of(source: Source, filename: str | None) -> str:
    """The file's name: the one given, or the source's own."""
    if name := filename or own_name(source):
        return name
    raise InvalidArgumentError(
        "filename: is needed for bytes", field="filename", problem="is needed for bytes"
    )
