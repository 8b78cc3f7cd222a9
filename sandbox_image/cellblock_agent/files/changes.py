"""Changes below the data directory since the last report: two scans, compared."""

import os
import stat
import threading
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from cellblock.agent.v1 import agent_pb2 as pb
from cellblock_agent.files.birth import birth_ns
from cellblock_agent.files.content import KnownContent
from cellblock_agent.files.data_folder import DataFolder
from cellblock_agent.files.difference import Difference, FileState, compare_scans
from cellblock_agent.files.mapped_files import MappedFiles
from cellblock_agent.files.paths import KINDS, BadPathError, NoAccessError, NotPlainError
from cellblock_agent.files.report import build_file_changes
from cellblock_agent.files.walk import Entry, ScanBounds

SCAN_BOUNDS = ScanBounds(max_entries=20_000, max_seconds=5.0)
"""Default limits of one scan."""
QUICK_SCAN_BOUNDS = ScanBounds(max_entries=64, max_seconds=0.005)
"""Limits of a scan that is too short to be worth a thread."""
SERVER_BOUNDS = ScanBounds(max_entries=200_000, max_seconds=5.0)
"""Limits of a scan of files that the server has written."""
UNCAPTURED = frozenset(
    ("__pycache__", ".ipynb_checkpoints", ".pytest_cache", ".mypy_cache", ".ruff_cache")
)
"""Names of directories that programs fill with what they can make again; docs/reference/files.md
has the list."""
MAX_KNOWN = 200_000
"""Maximum number of known files, including those that no scan has reached."""


@dataclass(frozen=True)
class ChangeBounds:
    """Limits on finding and reporting changes: code can create any number of files."""

    scan: ScanBounds = SCAN_BOUNDS
    """Limits of one scan of the whole directory."""
    max_reported: int = 1000
    """Maximum number of files in each list of a report: changed, deleted and skipped ones."""


DEFAULT_BOUNDS = ChangeBounds()


class ChangeTracker:
    """Known state of the data directory, with which scans are compared.

    `scan` finds differences, `accept_difference` adds them to the known state.

    Nothing is locked between the two. Changes by the server in that time are not reported.
    """

    def __init__(self, folder: DataFolder, bounds: ChangeBounds = DEFAULT_BOUNDS) -> None:
        """Start with an empty directory."""
        self._folder = folder
        self.bounds = bounds
        self._known: dict[str, FileState] = {}
        self._births: dict[str, int] = {}
        """Birth times of known files that were reported or written one by one."""
        self._content = KnownContent(folder)
        self._mapped = MappedFiles(folder)
        self._lock = threading.Lock()
        self._touched: set[str] = set()
        """Paths that the server has changed since the latest scan began."""

    def is_unchanged(self) -> bool:
        """Return whether nothing changed, as far as a quick scan can tell; otherwise False.

        Raises OSError if the directory can't be read.
        """
        if not self._mapped.is_unchanged(self._known):
            return False
        if len(self._known) > QUICK_SCAN_BOUNDS.max_entries or not self._lock.acquire(
            blocking=False
        ):
            return False
        try:
            known = dict(self._known)
        finally:
            self._lock.release()
        walk = self._folder.walk(QUICK_SCAN_BOUNDS, pruned=UNCAPTURED)
        found = {entry.path: self._state_of(entry) for entry in walk if _counts(entry)}
        return walk.is_complete and found == known

    def scan(self, stop: threading.Event | None = None) -> Difference:
        """Scan the directory and compare, one call at a time. Raises OSError if it can't."""
        with self._lock:
            self._touched.clear()
            known = dict(self._known)
        self._mapped.examine_opened(known)
        walk = self._folder.walk(self.bounds.scan, pruned=UNCAPTURED, stop=stop)
        found: dict[str, Entry] = {}
        folders: list[Entry] = []
        for entry in walk:
            if _counts(entry):
                found[entry.path] = entry
            else:
                folders.append(entry)
        difference = compare_scans(
            known,
            found,
            self._gone(known, found),
            input_of=self._folder.input_of,
            is_same_file=self._is_same_file,
            suspects=self._mapped.suspects,
            has_known_bytes=self._content.begin_comparison().has_known_bytes,
        )
        self._describe_inputs(difference)
        self._watch_folders(folders)
        if not walk.is_complete:
            difference.incomplete_reason = (
                f"more than {self.bounds.scan.in_words}: the scan is incomplete"
            )
        return difference

    def accept_difference(
        self, difference: Difference, held: Collection[str] = ()
    ) -> pb.FileChanges:
        """Make the difference known, except for paths in `held`, and report it."""
        with self._lock:
            self._exclude_paths(difference, held)
            for path in difference.deleted | difference.forgotten:
                self._forget(path)
            for number, (path, change) in enumerate(difference.changed.items()):
                self._forget(change.renamed_from)
                self._known[path] = change.state
                self._content.note_reported(path)
                if number < self.bounds.max_reported:
                    self._note_birth(path)
            self._known |= difference.unreported
            self._known |= {
                path: state for path, (state, _reason) in difference.unsupported.items()
            }
            self._limit_known()
            if not difference.incomplete_reason:
                self._mapped.examined(held)
        return build_file_changes(difference, self.bounds.max_reported)

    def note_content(self, path: str, info: os.stat_result, digest: bytes) -> None:
        """Note the SHA-256 of a known file, of which the server has these bytes."""
        with self._lock:
            state = self._known.get(path)
            if state is not None and (state.inode, state.bytes) == (info.st_ino, info.st_size):
                self._content.note_digest(path, digest)

    def _describe_inputs(self, difference: Difference) -> None:
        """Give links to attachments the size and time of their targets."""
        for path, change in list(difference.changed.items()):
            if not change.state.input:
                continue
            info = self._folder.input_info(change.entry)
            if info is None:
                del difference.changed[path]
                reason = KINDS[stat.S_IFLNK]
                difference.unsupported[path] = (change.state, reason)
            else:
                difference.changed[path] = replace(change, entry=replace(change.entry, info=info))

    def _state_of(self, entry: Entry) -> FileState:
        return FileState.from_entry(entry, self._folder.input_of(entry))

    def note_writers(self, paths: Collection[str]) -> None:
        """Note changed files that are open for writing."""
        self._mapped.note_writers(paths)

    def _watch_folders(self, folders: Iterable[Entry]) -> None:
        """See which files are opened in these directories from now on."""
        for entry in folders:
            # Code may have removed or replaced it.
            with suppress(OSError, NotPlainError):
                self._folder.watch_folder(entry.path, entry.info)

    @contextmanager
    def exclude_server_change(self, *paths: str) -> Iterator[None]:
        """Exclude changes of this block to these paths from reports: the server makes them.

        For quick operations: no difference is accepted during the block.
        """
        with self._lock:
            try:
                yield
            finally:
                for path in paths:
                    self._touched.add(path)
                    self._take_for_known(path)
                self._limit_known()
                self._folder.open_watch.discard(paths)

    def _gone(self, known: Mapping[str, FileState], found: Mapping[str, Entry]) -> list[str]:
        """Return known paths that have no plain file any more; check those that no scan reached."""
        gone = []
        end = time.monotonic() + self.bounds.scan.max_seconds
        for path, state in known.items():
            entry = found.get(path)
            if entry is not None:
                if state.is_reportable and not (entry.is_file or self._folder.input_of(entry)):
                    gone.append(path)
            elif time.monotonic() < end and self._is_gone(path, state):
                gone.append(path)
        return gone

    def _is_gone(self, path: str, state: FileState) -> bool:
        kind = stat.S_IFLNK if state.input else stat.S_IFREG
        try:
            return stat.S_IFMT(self._folder.stat(path).st_mode) != kind
        except NoAccessError:
            return False
        except (FileNotFoundError, NotPlainError):
            return True
        except OSError:
            return False  # code has removed access to its directory

    def _is_same_file(self, before: str, now: str) -> bool:
        birth = self._births.get(before)
        return birth is not None and birth == self._birth(now)

    def _birth(self, path: str) -> int | None:
        try:
            with self._folder.open_parent(path) as (folder, name):
                return birth_ns(folder, name)
        except (OSError, NotPlainError):
            return None  # it is gone again

    def _note_birth(self, path: str) -> None:
        self._births.pop(path, None)
        if (birth := self._birth(path)) is not None:
            self._births[path] = birth

    def _forget(self, path: str) -> None:
        self._known.pop(path, None)
        self._births.pop(path, None)
        self._content.forget(path)

    def _exclude_paths(self, difference: Difference, held: Collection[str]) -> None:
        for path in list(difference.changed):
            if path in held or self._is_touched(path):
                del difference.changed[path]
        for paths in (difference.deleted, difference.forgotten):
            paths -= {path for path in paths if self._is_touched(path)}
        for states in (difference.unsupported, difference.unreported):
            for path in [path for path in states if self._is_touched(path)]:
                del states[path]

    def _is_touched(self, path: str) -> bool:
        if not self._touched:
            return False
        return any(str(part) in self._touched for part in (path, *PurePosixPath(path).parents))

    def _take_for_known(self, path: str) -> None:
        inside = f"{path}/"
        for known in [known for known in self._known if known.startswith(inside)]:
            self._forget(known)
        self._forget(path)
        try:
            # The server may have created them for this path.
            parents = [str(parent) for parent in PurePosixPath(path).parents][:-1]
            self._watch_folders([self._folder.find(parent) for parent in parents])
            entry = self._folder.find(path)
            if entry.is_folder:
                self._watch_folders([entry])
                for inner in self._folder.walk(SERVER_BOUNDS, folder=path):
                    if inner.is_folder:
                        self._watch_folders([inner])
                    else:
                        self._known[inner.path] = self._state_of(inner)
            else:
                self._known[path] = self._state_of(entry)
                self._note_birth(path)
        except (OSError, NotPlainError, BadPathError):
            return  # not a path, or running code has removed it already

    def _limit_known(self) -> None:
        while len(self._known) > MAX_KNOWN:
            self._forget(next(iter(self._known)))


def _counts(entry: Entry) -> bool:
    """Return whether an entry is tracked itself, and not only for its content."""
    return entry.is_closed or not entry.is_folder
