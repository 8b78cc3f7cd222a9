"""What code changed in the data folder, found by comparing two looks at it."""

import os
import stat
import threading
import time
from dataclasses import dataclass, field

from cellblock.agent.v1 import agent_pb2 as pb
from cellblock_agent.data_folder import DataFolder, Entry
from cellblock_agent.text import printable

MAX_ENTRIES = 20_000
"""How many files one look takes in."""
MAX_SECONDS = 5.0
"""How long one look takes."""
MAX_REPORTED = 1000
"""Files of one execution that are named, changed and skipped ones each."""

LATEST = 253_402_300_799 * 10**9
"""The last nanosecond that a Timestamp can hold, about: the year 9999."""

Mark = tuple[int, int, int]

KINDS = {
    stat.S_IFLNK: "a link",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder that is too deep or can't be read",
}


@dataclass
class Scan:
    """What a look at the folder found."""

    changed: list[pb.FileEntry] = field(default_factory=list)
    skipped: list[pb.SkippedFile] = field(default_factory=list)


class Changes:
    """Remembers the folder as it was; `scan` tells the difference."""

    def __init__(self, folder: DataFolder) -> None:
        """Start with an empty folder."""
        self._folder = folder
        self._known: dict[str, Mark] = {}
        # Files may be put in while an execution's changes are looked for.
        self._lock = threading.Lock()

    def scan(self) -> Scan:
        """Files that are new or changed since the last scan, sorted by path."""
        with self._lock:
            found = self._look()
            scan = Scan()
            for path in sorted(found):
                if self._known.get(path) != _mark(found[path]):
                    _report(scan, self._folder, found[path])
            self._known = {path: _mark(entry) for path, entry in found.items()}
        return scan

    def expect(self, path: str) -> None:
        """Do not report a file that the server has put there, as it is now."""
        with self._lock:
            try:
                self._known[path] = _mark(Entry(path, self._folder.stat(path)))
            except FileNotFoundError:
                # Code that runs has removed it already.
                self._known.pop(path, None)

    def _look(self) -> dict[str, Entry]:
        found: dict[str, Entry] = {}
        end = time.monotonic() + MAX_SECONDS
        for entry in self._folder.walk():
            if len(found) >= MAX_ENTRIES or time.monotonic() > end:
                break
            found[entry.path] = entry
        return found


def file_entry(path: str, info: os.stat_result) -> pb.FileEntry:
    """A file as the protocol names it."""
    message = pb.FileEntry(path=path, bytes=info.st_size)
    # User code may set any time, also one that no calendar has.
    message.modify_time.FromNanoseconds(min(max(info.st_mtime_ns, 0), LATEST))
    return message


def _report(scan: Scan, folder: DataFolder, entry: Entry) -> None:
    if folder.is_input(entry):
        return
    if not stat.S_ISREG(entry.info.st_mode):
        kind = KINDS.get(stat.S_IFMT(entry.info.st_mode), "not a plain file")
        _skip(scan, entry, f"is {kind}")
    elif not is_utf8(entry.path):
        _skip(scan, entry, "has a name that is not UTF-8")
    elif len(scan.changed) >= MAX_REPORTED:
        _skip(scan, entry, f"more than {MAX_REPORTED} files changed")
    else:
        scan.changed.append(file_entry(entry.path, entry.info))


def _skip(scan: Scan, entry: Entry, reason: str) -> None:
    if len(scan.skipped) < MAX_REPORTED:
        scan.skipped.append(pb.SkippedFile(path=printable(entry.path), reason=reason))


def _mark(entry: Entry) -> Mark:
    return entry.info.st_ino, entry.info.st_size, entry.info.st_mtime_ns


def is_utf8(path: str) -> bool:
    """Whether a path can be told in a protobuf message."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
