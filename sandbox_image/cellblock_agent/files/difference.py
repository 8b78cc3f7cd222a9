"""Differences between two scans of the data directory."""

import stat
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from cellblock_agent.files.paths import KINDS, UNKNOWN_KIND, is_utf8
from cellblock_agent.files.walk import Entry


class FileState(NamedTuple):
    """State of a file, which differs after a change."""

    device: int
    inode: int
    bytes: int
    mtime_ns: int
    ctime_ns: int
    """Time of the last change of the inode. No program can set it, unlike `mtime_ns`."""
    is_reportable: bool
    """Whether it is a file whose changes and removal can be reported."""
    input: str = ""
    """Name of the attachment that it is a link to; empty for a plain file."""

    @property
    def identity(self) -> tuple[int, int]:
        """Identity of the file, which stays the same when it is moved or written to."""
        return self.device, self.inode

    def is_changed_only_in_ctime(self, before: "FileState | None") -> bool:
        """Return whether it differs from an earlier state at most in `ctime_ns`.

        Its mode or number of links has changed, it was moved, or its bytes were changed and its
        `mtime_ns` was set back.
        """
        return before is not None and self._replace(ctime_ns=before.ctime_ns) == before

    @classmethod
    def from_entry(cls, entry: Entry, linked_input: str = "") -> "FileState":
        """Return the state of an entry, which may be a link to an attachment."""
        info = entry.info
        return cls(
            info.st_dev,
            info.st_ino,
            info.st_size,
            info.st_mtime_ns,
            info.st_ctime_ns,
            (entry.is_file or bool(linked_input)) and is_utf8(entry.path),
            linked_input,
        )


@dataclass(frozen=True)
class Change:
    """Change of a file that is new, modified or moved."""

    entry: Entry
    state: FileState
    renamed_from: str = ""
    is_same: bool = False
    """Whether the file was moved and is otherwise unchanged."""

    def with_entry(self, entry: Entry, linked_input: str) -> "Change":
        """Return the change after another look at the file."""
        state = FileState.from_entry(entry, linked_input)
        return replace(self, entry=entry, state=state, is_same=False)


@dataclass
class Difference:
    """Differences of a scan from the known state, by path."""

    changed: dict[str, Change] = field(default_factory=dict)
    unsupported: dict[str, tuple[FileState, str]] = field(default_factory=dict)
    """Entries that can't be captured, with the reason."""
    deleted: set[str] = field(default_factory=set)
    unreported: dict[str, FileState] = field(default_factory=dict)
    """Entries whose state is new, and whose bytes are not."""
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
    input_of: Callable[[Entry], str],
    is_same_file: Callable[[str, str], bool],
    suspects: Container[str],
    has_known_bytes: Callable[[str, bool], bool],
) -> Difference:
    """Compare a scan with the known state.

    `gone` are known paths that have no plain file any more. `input_of` returns the name of the
    attachment that an entry links to. `is_same_file` distinguishes a known file that was moved and
    written to from another one that got its inode's number afterwards. `suspects` may have changed
    without a trace in their state. `has_known_bytes` compares a known file's bytes; its second
    argument is the result for a file that the server has not read.
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
        entry = found[path]
        state, before = FileState.from_entry(entry, input_of(entry)), known.get(path)
        if before == state and path not in suspects:
            continue
        if not (entry.is_file or state.input):
            reason = entry.closed_reason or KINDS.get(stat.S_IFMT(entry.info.st_mode), UNKNOWN_KIND)
            _add_unsupported(difference, path, state, before, reason)
        elif not state.is_reportable:
            _add_unsupported(difference, path, state, before, "has a name that is not UTF-8")
        elif state.is_changed_only_in_ctime(before) and (
            state.input or has_known_bytes(path, before == state)
        ):
            difference.unreported[path] = state
        else:
            difference.changed[path] = _change(entry, state, known, moved, is_same_file)
    difference.deleted -= {change.renamed_from for change in difference.changed.values()}
    return difference


def _add_unsupported(
    difference: Difference, path: str, state: FileState, before: FileState | None, reason: str
) -> None:
    """Report an entry that can't be captured, once."""
    if state.is_changed_only_in_ctime(before):
        difference.unreported[path] = state
    else:
        difference.unsupported[path] = (state, reason)


def _change(
    entry: Entry,
    state: FileState,
    known: Mapping[str, FileState],
    moved: dict[tuple[int, int], list[str]],
    is_same_file: Callable[[str, str], bool],
) -> Change:
    before = moved.get(state.identity)
    if not before or entry.path in known:
        return Change(entry, state)
    is_same = state.is_changed_only_in_ctime(known[before[-1]])
    if not is_same and not is_same_file(before[-1], entry.path):
        return Change(entry, state)
    return Change(entry, state, before.pop(), is_same)
