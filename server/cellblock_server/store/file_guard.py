"""Check that stored data goes into the files that the next server will find."""

import os
from pathlib import Path

from cellblock_server.common.errors import UnavailableError

SUFFIXES = ("", "-wal", "-shm")
"""Suffixes of an open SQLite database's files. Source: https://www.sqlite.org/walformat.html"""


class FileGuard:
    """Remembers which files a database was opened with.

    SQLite continues with files that were removed or replaced, and everything written to them from
    then on is lost with the process.
    """

    def __init__(self, database: Path) -> None:
        """Guard a database that is open now."""
        self._files = {name: _identity(name) for name in (f"{database}{end}" for end in SUFFIXES)}

    def check(self) -> None:
        """Raise UnavailableError unless all files are where they were."""
        for name, identity in self._files.items():
            if _identity(name) != identity:
                raise UnavailableError(
                    "STORE_REPLACED",
                    "the store was removed or replaced",
                    detail=f"{name} was removed or replaced while the server runs, and nothing is "
                    "stored until it is back",
                )


def _identity(name: str) -> tuple[int, int] | None:
    try:
        found = os.stat(name)  # noqa: PTH116 - at each write; a Path's takes several calls
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
