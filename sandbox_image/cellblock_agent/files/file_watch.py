"""Scans of the data directory: at the end of each execution, and periodically between them."""

import asyncio
import logging
import threading
import time
from collections.abc import Iterable

from cellblock.agent.v1 import agent_pb2 as pb
from cellblock_agent.files.aliases import Aliases
from cellblock_agent.files.changes import ChangeTracker
from cellblock_agent.files.data_folder import DataFolder
from cellblock_agent.files.difference import Difference, FileState
from cellblock_agent.files.paths import NotPlainError
from cellblock_agent.files.writing import is_open_for_writing
from cellblock_agent.output.journal import Journal

STEP_SECONDS = 0.1
STEPS = 5
"""Number of times that a file which is open for writing is checked again before an execution ends.
"""
QUIET_SECONDS = 0.5
"""Time without a write before a file is reported while nothing runs."""
OPEN_SECONDS = 5.0
"""Time without a write before a file is reported that is still open for writing."""
FIRST_SECONDS = 0.5
"""Pause before the next scan, after an execution or after a change was found."""
SLOWER = 1.5
MAX_SECONDS = 10.0
"""Longest pause between two scans while nothing changes."""
MAX_SHARE = 1 / 20
"""Maximum share of idle time spent scanning `/mnt/data` for changes."""

log = logging.getLogger(__name__)


class FileWatch:
    """Reporter of changed files: those of an execution on request, all others by itself."""

    def __init__(
        self, folder: DataFolder, changes: ChangeTracker, aliases: Aliases, journal: Journal
    ) -> None:
        """Scan `folder`; changes while nothing runs go into `journal`."""
        self._folder = folder
        self._changes = changes
        self._aliases = aliases
        self._journal = journal
        self._one_at_a_time = asyncio.Lock()
        self._idle = asyncio.Event()
        self._idle.set()
        self._begun = asyncio.Event()
        self._stop = threading.Event()
        """Set together with `_begun`, for a scan in its thread."""
        self._pending: dict[str, tuple[FileState, float]] = {}
        """Changed files that were not reported yet, and the time since which they are unchanged."""
        self._last_reported = 0

    def execution_begins(self, texts: Iterable[str] = ()) -> None:
        """Stop periodic scans: changes from now on belong to the execution.

        Attachments whose ids are named in `texts` get those names as well.
        """
        self._aliases.create_named(texts)
        self._idle.clear()
        self._begun.set()
        self._stop.set()

    def execution_ends(self) -> None:
        """Resume periodic scans."""
        self._begun.clear()
        self._stop.clear()
        self._idle.set()

    async def changes_of_execution(self) -> pb.FileChanges:
        """Return the changes since the last report.

        A file that is still being written to is left for a later report, which captures it
        complete.
        """
        async with self._one_at_a_time:
            try:
                # The usual case. A thread would take longer than the scan.
                if self._changes.is_unchanged():
                    return pb.FileChanges()
                difference, reported = await asyncio.to_thread(self._scan_and_accept)
                if reported is None:
                    held = await self._settle(difference)
                    reported = await asyncio.to_thread(
                        self._changes.accept_difference, difference, held
                    )
                return reported
            except OSError as error:
                # Code has used up or removed something that a scan needs.
                log.warning("the data directory could not be scanned: %s", error)
                reason = f"could not be scanned: {error.strerror}"
                return pb.FileChanges(skipped=[pb.SkippedFile(reason=reason)])

    async def run(self) -> None:
        """Scan periodically while no execution runs, until cancelled."""
        interval = FIRST_SECONDS
        while True:
            if not self._idle.is_set():
                await self._idle.wait()
                interval = FIRST_SECONDS
            try:
                async with asyncio.timeout(interval):
                    await self._begun.wait()
                continue
            except TimeoutError:
                began = time.monotonic()
            found = await self._scan_between_executions()
            interval = FIRST_SECONDS if found else min(interval * SLOWER, MAX_SECONDS)
            interval = max(interval, (time.monotonic() - began) / MAX_SHARE)

    def _scan_and_accept(self) -> tuple[Difference, pb.FileChanges | None]:
        """Scan, and accept the difference if no file changed, which is the usual case."""
        difference = self._changes.scan()
        return difference, None if difference.changed else self._changes.accept_difference(
            difference
        )

    async def _settle(self, difference: Difference) -> set[str]:
        """Wait for files that are open for writing; return those that change meanwhile."""
        paths = sorted(difference.changed)[: self._changes.bounds.max_reported]
        writing = await asyncio.to_thread(self._open_for_writing, paths)
        held: set[str] = set()
        for _step in range(STEPS):
            if not writing:
                break
            await asyncio.sleep(STEP_SECONDS)
            more, writing = await asyncio.to_thread(self._rescan_open_files, difference, writing)
            held |= more
        return held

    def _rescan_open_files(
        self, difference: Difference, paths: set[str]
    ) -> tuple[set[str], set[str]]:
        """Return which open files are left for a later report, and which are worth waiting for."""
        still_open = self._open_for_writing(paths)
        held = set()
        for path in paths:
            change = difference.changed[path]
            try:
                entry = self._folder.find(path)
                now = change.with_entry(entry, self._folder.input_of(entry))
            except (OSError, NotPlainError):
                held.add(path)  # it is gone: the next scan reports that
                continue
            if now.state == change.state:
                continue
            if path in still_open or not now.entry.is_file:
                held.add(path)
            else:
                difference.changed[path] = now
        return held, still_open - held

    async def _scan_between_executions(self) -> bool:
        """Scan while nothing runs, and report; return whether to scan again soon."""
        if self._journal.acknowledged < self._last_reported:
            return False  # one report waits for the server at a time
        async with self._one_at_a_time:
            try:
                difference = await asyncio.to_thread(self._changes.scan, self._stop)
                held = await asyncio.to_thread(self._unfinished, difference)
                if not self._idle.is_set():
                    return False  # the execution will report all of it
                reported = await asyncio.to_thread(
                    self._changes.accept_difference, difference, held
                )
            except OSError as error:
                log.warning("the data directory could not be scanned: %s", error)
                return False
        if difference.is_empty:
            return bool(held)  # an incomplete scan was reported before
        self._journal.append(pb.Event(background_changes=reported))
        self._last_reported = self._journal.last_sequence
        return True

    def _unfinished(self, difference: Difference) -> set[str]:
        """Return changed files that may still be written to."""
        now = time.monotonic()
        pending: dict[str, tuple[FileState, float]] = {}
        for path in sorted(difference.changed)[: self._changes.bounds.max_reported]:
            change = difference.changed[path]
            if change.is_same:
                continue
            state, since = self._pending.get(path, (change.state, now))
            since = since if state == change.state else now
            quiet = now - since
            if quiet < QUIET_SECONDS or (quiet < OPEN_SECONDS and self._open_for_writing([path])):
                pending[path] = (change.state, since)
        self._pending = pending
        return set(pending)

    def _open_for_writing(self, paths: Iterable[str]) -> set[str]:
        found = {path for path in paths if self._is_open(path)}
        self._changes.note_writers(found)
        return found

    def _is_open(self, path: str) -> bool:
        try:
            with self._folder.open(path) as file:
                return is_open_for_writing(file.fileno())
        except (OSError, NotPlainError):
            return False
