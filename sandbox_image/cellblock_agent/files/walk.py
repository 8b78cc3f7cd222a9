"""Walk through everything below a directory: sorted, bounded, without following links."""

import os
import stat
import threading
import time
from collections.abc import Container, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from cellblock_agent.files.paths import MAX_DEPTH, NO_ACCESS

TOO_DEEP = f"is more than {MAX_DEPTH} folders deep"

PIN_FLAGS = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
READ_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


def open_folder(name: str | Path, above: int | None = None) -> int:
    """Return a descriptor of a directory in the directory `above`; a link is refused.

    It is opened in two steps, because gVisor follows a link to a directory in spite of
    `O_NOFOLLOW`, unless it is opened with `O_PATH`. Raises NotADirectoryError for a link or a file.
    """
    pinned = os.open(name, PIN_FLAGS, dir_fd=above)
    try:
        return os.open(".", READ_FLAGS, dir_fd=pinned)
    finally:
        os.close(pinned)


@dataclass(frozen=True)
class Entry:
    """Entry of the data directory."""

    path: str
    """Path relative to the data directory."""
    info: os.stat_result
    link: str | None = None
    """Target of a symbolic link."""
    closed_reason: str = ""
    """Reason why a directory's content is left out; empty if it is not."""

    @property
    def is_closed(self) -> bool:
        """Whether it is a directory that is too deep, or can't be read."""
        return bool(self.closed_reason)

    @property
    def is_file(self) -> bool:
        """Whether it is a plain file."""
        return stat.S_ISREG(self.info.st_mode)

    @property
    def is_folder(self) -> bool:
        """Whether it is a directory."""
        return stat.S_ISDIR(self.info.st_mode)


@dataclass(frozen=True)
class ScanBounds:
    """Limits of one walk."""

    max_entries: int
    max_seconds: float

    @property
    def in_words(self) -> str:
        """Both limits, for people."""
        return f"{self.max_entries} entries or {self.max_seconds:g} s"


class Walk:
    """Walk through a directory: parents before their content, sorted by the parts of the paths.

    Sorting happens on the way, so that a page of a long list costs a page.
    """

    def __init__(
        self,
        folder: int,
        above: tuple[str, ...],
        bounds: ScanBounds,
        *,
        hidden: Container[str] = (),
        pruned: Container[str] = (),
        after: tuple[str, ...] = (),
        depth: int = 0,
        stop: threading.Event | None = None,
    ) -> None:
        """Walk `folder`, whose parts are `above`, and close it; begin after `after`.

        `depth` is the number of levels, 0 for all. Skip entries named in `hidden`, and directories
        named in `pruned`.
        """
        self._folder = folder
        self._above = above
        self._left = bounds.max_entries
        self._end = time.monotonic() + bounds.max_seconds
        self._hidden = hidden
        self._pruned = pruned
        self._after = after
        self._max_parts = len(above) + depth if depth else None
        self._stop = stop
        self.is_complete = True
        """Whether nothing was skipped so far; unreadable directories have entries that say so."""

    def __iter__(self) -> Iterator[Entry]:
        """Yield the entries. At a limit the walk ends: see `is_complete`."""
        return self._entries(self._folder, self._above)

    def _entries(self, folder: int, above: tuple[str, ...]) -> Iterator[Entry]:
        try:
            for name in self._names(folder, above):
                if self._is_at_bound():
                    return
                try:
                    yield from self._visit(folder, (*above, name))
                except FileNotFoundError:
                    continue  # removed meanwhile by running code
                except OSError:
                    # Replaced by something else, or made unreadable.
                    self.is_complete = False
        finally:
            os.close(folder)

    def _names(self, folder: int, above: tuple[str, ...]) -> list[str]:
        with os.scandir(folder) as children:
            names = [child.name for child in islice(children, self._left + 1)]
        if len(names) > self._left:
            self.is_complete = False
            del names[self._left :]
        if self._after[: len(above)] == above and len(self._after) > len(above):
            first = self._after[len(above)]
            names = [name for name in names if name >= first]
        return sorted(name for name in names if name not in self._hidden)

    def _visit(self, folder: int, parts: tuple[str, ...]) -> Iterator[Entry]:
        self._left -= 1
        path, name = "/".join(parts), parts[-1]
        is_past = parts > self._after
        info = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if stat.S_ISDIR(info.st_mode):
            if name in self._pruned:
                return
            is_wanted = self._max_parts is None or len(parts) < self._max_parts
            inner = _open(folder, name) if is_wanted and len(parts) <= MAX_DEPTH else None
            if is_past:
                reason = NO_ACCESS if len(parts) <= MAX_DEPTH else TOO_DEEP
                try:
                    is_closed = is_wanted and inner is None
                    yield Entry(path, info, closed_reason=reason if is_closed else "")
                except BaseException:
                    if inner is not None:
                        os.close(inner)
                    raise
            if inner is not None:
                yield from self._entries(inner, parts)
        elif is_past:
            link = os.readlink(name, dir_fd=folder) if stat.S_ISLNK(info.st_mode) else None
            yield Entry(path, info, link)

    def _is_at_bound(self) -> bool:
        is_stopped = self._stop is not None and self._stop.is_set()
        if is_stopped or self._left <= 0 or time.monotonic() > self._end:
            self.is_complete = False
            return True
        return False


def _open(folder: int, name: str) -> int | None:
    """Return a directory's descriptor; None if it, or its content, is not readable."""
    try:
        inner = open_folder(name, folder)
    except PermissionError:
        return None
    try:
        os.stat(".", dir_fd=inner)
    except PermissionError:
        os.close(inner)
        return None
    return inner
