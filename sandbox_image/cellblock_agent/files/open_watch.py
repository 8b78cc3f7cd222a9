"""Watch for files that are opened for writing: a change by a mapping changes no time of a file.

Source: inotify(7). Python has no function for it.
"""

import ctypes
import logging
import os
import struct
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

IN_CLOSE_WRITE = 0x8
IN_OPEN = 0x20
IN_Q_OVERFLOW = 0x4000
IN_IGNORED = 0x8000
IN_ISDIR = 0x40000000
IN_ONLYDIR = 0x1000000
IN_EXCL_UNLINK = 0x4000000
WANTED = IN_OPEN | IN_CLOSE_WRITE | IN_ONLYDIR | IN_EXCL_UNLINK
HEADER = struct.Struct("iIII")
READ_BYTES = 2**16
MAX_READS = 32
"""Maximum number of reads in one collection: running code could add events for ever."""
MAX_FOLDERS = 1000
"""Maximum number of watched directories: each costs memory of the host's kernel."""
MAX_PATHS = 10_000
"""Maximum number of paths that are kept between two scans."""

log = logging.getLogger(__name__)

libc = ctypes.CDLL(None, use_errno=True)


@dataclass
class Opened:
    """Paths of files that processes have opened."""

    opened: set[str] = field(default_factory=set)
    """Files that were opened, for reading or writing."""
    written: set[str] = field(default_factory=set)
    """Files that were open for writing and have been closed."""
    is_incomplete: bool = False
    """Whether events were lost."""


class OpenWatch:
    """Watch on directories for files that are opened in them; it sees nothing without inotify."""

    def __init__(self, max_folders: int = MAX_FOLDERS) -> None:
        """Watch up to `max_folders` directories, which `watch_folder` adds."""
        self._max_folders = max_folders
        self._lock = threading.Lock()
        self._pending = Opened()
        self._paths: dict[int, str] = {}
        """Paths of the directories by the number of their watch."""
        self._watched: dict[tuple[int, int], tuple[int, str]] = {}
        """Watches and paths of directories by device and inode."""
        self._queue: int | None = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._queue == -1:
            log.warning("no inotify: %s", os.strerror(ctypes.get_errno()))
            self._queue = None

    @property
    def is_working(self) -> bool:
        """Whether the system lets this process watch directories."""
        return self._queue is not None

    def is_watched(self, path: str, info: os.stat_result) -> bool:
        """Return whether a directory is watched under this path."""
        watched = self._watched.get((info.st_dev, info.st_ino))
        return watched is not None and watched[1] == path

    def watch_folder(self, path: str, folder: int, info: os.stat_result) -> None:
        """Watch the open directory `folder`, whose path is `path`, up to the maximum number."""
        with self._lock:
            if self._queue is None or len(self._watched) >= self._max_folders:
                return
            name = f"/proc/self/fd/{folder}".encode()
            number = libc.inotify_add_watch(self._queue, name, WANTED)
            if number != -1:
                self._paths[number] = path
                self._watched[info.st_dev, info.st_ino] = number, path

    def take_opened(self) -> Opened:
        """Return the files that were opened since the last call."""
        with self._lock:
            self._collect()
            taken, self._pending = self._pending, Opened()
            return taken

    def put_back(self, opened: Opened) -> None:
        """Return what was taken, for the next call: it could not be examined."""
        with self._lock:
            self._pending.opened |= opened.opened
            self._pending.written |= opened.written
            self._pending.is_incomplete |= opened.is_incomplete

    def discard(self, paths: Collection[str]) -> None:
        """Forget that these files were opened until now."""
        with self._lock:
            self._collect()
            self._pending.opened.difference_update(paths)
            self._pending.written.difference_update(paths)

    @contextmanager
    def exclude_own_opening(self, path: str) -> Iterator[None]:
        """Exclude that this process opens a file for reading in the block."""
        with self._lock:
            self._collect()
            was_opened = path in self._pending.opened
        try:
            yield
        finally:
            with self._lock:
                self._collect()
                if not was_opened:
                    self._pending.opened.discard(path)

    def _collect(self) -> None:
        if self._queue is None:
            return
        for _read in range(MAX_READS):
            try:
                data = os.read(self._queue, READ_BYTES)
            except BlockingIOError:
                return
            self._note_events(data)
        self._pending.is_incomplete = True

    def _note_events(self, data: bytes) -> None:
        pending, position = self._pending, 0
        while position < len(data):
            number, mask, _cookie, length = HEADER.unpack_from(data, position)
            position += HEADER.size
            name = data[position : position + length].rstrip(b"\0")
            position += length
            if mask & IN_Q_OVERFLOW or len(pending.opened) + len(pending.written) > MAX_PATHS:
                pending.is_incomplete = True
            elif mask & IN_IGNORED:
                self._paths.pop(number, None)
                for key in [key for key, value in self._watched.items() if value[0] == number]:
                    del self._watched[key]
            elif number in self._paths and name and not mask & IN_ISDIR:
                folder = self._paths[number]
                path = os.fsdecode(name) if not folder else f"{folder}/{os.fsdecode(name)}"
                (pending.written if mask & IN_CLOSE_WRITE else pending.opened).add(path)
