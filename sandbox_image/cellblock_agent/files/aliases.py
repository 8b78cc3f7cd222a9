"""Second names of attachments: their file ids, for code that was written for OpenAI's Assistants.

An id is a name in the data directory from the moment that code names it. Otherwise every listing
would have each attachment twice.
"""

import re
import threading
from collections.abc import Iterable
from contextlib import suppress

from cellblock_agent.files.changes import ChangeTracker
from cellblock_agent.files.data_folder import DataFolder
from cellblock_agent.files.paths import BadPathError, NotPlainError

WORDS = re.compile(r"[\w-]+")
MAX_ALIASES = 10_000
"""Maximum number of names that are kept; the oldest ones are dropped."""


class Aliases:
    """Second names that no code has used yet, with the paths of their files."""

    def __init__(self, folder: DataFolder, changes: ChangeTracker) -> None:
        """Create links in `folder`, and exclude them from `changes`."""
        self._folder = folder
        self._changes = changes
        self._lock = threading.Lock()
        self._unused: dict[str, str] = {}

    def add_alias(self, alias: str, path: str) -> None:
        """Add a name for the file at `path`; nothing happens if it is empty."""
        if not alias:
            return
        with self._lock:
            self._unused[alias] = path
            while len(self._unused) > MAX_ALIASES:
                del self._unused[next(iter(self._unused))]

    def remove_alias(self, alias: str) -> bool:
        """Remove a name that no code has used; return whether there was one."""
        with self._lock:
            return self._unused.pop(alias, None) is not None

    def rename_path(self, path: str, new_path: str) -> None:
        """Note that a file, or a directory of files, has another path."""
        with self._lock:
            for alias, known in self._unused.items():
                if known == path or known.startswith(f"{path}/"):
                    self._unused[alias] = new_path + known.removeprefix(path)

    def create_named(self, texts: Iterable[str]) -> None:
        """Create links for all names that occur in `texts`."""
        with self._lock:
            if not self._unused:
                return
            words = {word for text in texts for word in WORDS.findall(text)}
            found = {alias: self._unused.pop(alias) for alias in words & self._unused.keys()}
        for alias, path in found.items():
            # Code may have taken the name, or filled the directory.
            with (
                suppress(OSError, NotPlainError, BadPathError),
                self._changes.exclude_server_change(alias),
            ):
                self._folder.link(alias, path)
