"""Differences between two scans of the data directory."""

import stat
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from cellblock_agent.files.paths import is_utf8
from cellblock_agent.files.walk import Entry

KINDS = {
    stat.S_IFLNK: "a link",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder that is too deep or can't be read",
}


class FileState(NamedTuple):
    """State of a file, which differs after a change."""

    device: int
    inode: int
    bytes: int
    mtime_ns: int
    is_reportable: bool
    """Whether it is a plain file whose changes and removal can be reported."""

    @property
    def identity(self) -> tuple[int, int]:
        """Identity of the file, which stays the same when it is moved or written to."""
        return self.device, self.inode

    @classmethod
    def from_entry(cls, entry: Entry) -> "FileState":
        """Return the state of an entry."""
        info = entry.info
        return cls(
            info.st_dev,
            info.st_ino,
            info.st_size,
            info.st_mtime_ns,
            entry.is_file and is_utf8(entry.path),
        )


@dataclass(frozen=True)
class Change:
    """Change of a file that is new, modified or moved."""

    entry: Entry
    state: FileState
    renamed_from: str = ""
    is_same: bool = False
    """Whether the file was moved and is otherwise unchanged."""

    def with_entry(self, entry: Entry) -> "Change":
        """Return the change after another look at the file."""
        return replace(self, entry=entry, state=FileState.from_entry(entry), is_same=False)


@dataclass
class Difference:
    """Differences of a scan from the known state, by path."""

    changed: dict[str, Change] = field(default_factory=dict)
    unsupported: dict[str, tuple[FileState, str]] = field(default_factory=dict)
    """Entries that can't be captured, with the reason."""
    deleted: set[str] = field(default_factory=set)
    unreported: dict[str, FileState] = field(default_factory=dict)
    """New entries that are not reported, such as links to attachments."""
    forgotten: set[str] = field(default_factory=set)
    """Entries that are gone and were never reported."""
    incomplete_reason: str = ""
    """Reason why the scan is incomplete; empty if it is complete."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to report."""
        return not (self.changed or self.deleted or self.unsupported)


def compare_scans(
    known: Mapping[str, FileState],
    found: Mapping[str, Entry],
    gone: Iterable[str],
    *,
    is_input: Callable[[Entry], bool],
    is_same_file: Callable[[str, str], bool],
) -> Difference:
    """Compare a scan with the known state.

    `gone` are known paths that have no plain file any more. `is_same_file` distinguishes a known
    file that was moved and written to from another one that got its inode's number afterwards.
    """
    difference = Difference()
    moved: dict[tuple[int, int], list[str]] = {}
    for path in sorted(gone, reverse=True):
        if known[path].is_reportable:
            difference.deleted.add(path)
            moved.setdefault(known[path].identity, []).append(path)
        elif path not in found:
            difference.forgotten.add(path)
    for path in sorted(found):
        entry, state = found[path], FileState.from_entry(found[path])
        if known.get(path) == state:
            continue
        if is_input(entry):
            difference.unreported[path] = state
        elif not entry.is_file:
            kind = KINDS.get(stat.S_IFMT(entry.info.st_mode), "not a plain file")
            difference.unsupported[path] = (state, f"is {kind}")
        elif not state.is_reportable:
            difference.unsupported[path] = (state, "has a name that is not UTF-8")
        else:
            difference.changed[path] = _change(path, entry, known, moved, is_same_file)
    difference.deleted -= {change.renamed_from for change in difference.changed.values()}
    return difference


def _change(
    path: str,
    entry: Entry,
    known: Mapping[str, FileState],
    moved: dict[tuple[int, int], list[str]],
    is_same_file: Callable[[str, str], bool],
) -> Change:
    state = FileState.from_entry(entry)
    before = moved.get(state.identity)
    if not before or path in known:
        return Change(entry, state)
    is_same = known[before[-1]] == state
    if not is_same and not is_same_file(before[-1], path):
        return Change(entry, state)
    return Change(entry, state, before.pop(), is_same)
