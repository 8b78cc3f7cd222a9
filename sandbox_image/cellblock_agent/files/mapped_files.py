"""Files that may have been changed by a mapping, which changes no time of a file on a tmpfs."""

import os
import threading
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from itertools import islice

from cellblock_agent.files.data_folder import DataFolder
from cellblock_agent.files.difference import FileState
from cellblock_agent.files.mappings import mapped_inodes
from cellblock_agent.files.paths import BadPathError, NotPlainError
from cellblock_agent.files.writing import has_writer_by_lease, inodes_open_for_writing

MAX_TESTED = 1000
"""Maximum number of files of one scan that are tested for a writer."""
MAX_QUICKLY_TESTED = 16
"""Maximum number of files that are tested without a thread."""


class MappedFiles:
    """Known files whose bytes have to be compared, because a process can have mapped them."""

    def __init__(self, folder: DataFolder) -> None:
        """Examine files of `folder`; it has seen which of them were opened."""
        self._folder = folder
        self._lock = threading.Lock()
        self._writers: set[str] = set()
        """Files that a process had open for writing at the last look."""
        self._mapped: set[str] = set()
        """Those of them that it had mapped."""
        self.suspects: set[str] = set()
        """Files whose bytes have to be compared."""

    def is_unchanged(self, known: Mapping[str, FileState]) -> bool:
        """Return whether no known file is a suspect, as far as a quick look can tell."""
        if self._writers or self.suspects:
            return False
        watch = self._folder.open_watch
        taken = watch.take_opened()
        opened = [path for path in taken.opened if path in known]
        if taken.is_incomplete or not taken.written.isdisjoint(known):
            is_unchanged = False
        else:
            is_unchanged = len(opened) <= MAX_QUICKLY_TESTED and not self._find_writers(opened)
        if not is_unchanged:
            watch.put_back(taken)
        return is_unchanged

    def examine_opened(self, known: Mapping[str, FileState]) -> None:
        """Find suspects among the known files that processes have opened since the last call."""
        taken = self._folder.open_watch.take_opened()
        opened = known.keys() if taken.is_incomplete else taken.opened | self._writers
        tested = [path for path in opened if path in known and known[path].is_reportable]
        writers = self._find_writers(islice(tested, MAX_TESTED))
        inodes = mapped_inodes() if writers else set()
        mapped = {path for path in writers if known[path].inode in inodes}
        with self._lock:
            written = writers if taken.is_incomplete else taken.written & known.keys()
            self.suspects = (self.suspects | self._mapped) & known.keys() | written | mapped
            self._writers, self._mapped = writers, mapped

    def note_writers(self, paths: Collection[str]) -> None:
        """Note files that are open for writing: their later opening is not seen."""
        with self._lock:
            self._writers.update(paths)

    def examined(self, held: Collection[str]) -> None:
        """Note that the suspects were compared, except for files that are reported later."""
        with self._lock:
            self.suspects = {path for path in self.suspects if path in held}

    def _find_writers(self, paths: Iterable[str]) -> set[str]:
        writers = set()
        open_inodes: set[tuple[int, int]] | None = None
        for path in paths:
            # Code may have removed or replaced it.
            with suppress(OSError, NotPlainError, BadPathError), self._folder.open(path) as file:
                has_writer = has_writer_by_lease(file.fileno())
                if has_writer is None:
                    if open_inodes is None:
                        open_inodes = inodes_open_for_writing()
                    info = os.fstat(file.fileno())
                    has_writer = (info.st_dev, info.st_ino) in open_inodes
                if has_writer:
                    writers.add(path)
        return writers
