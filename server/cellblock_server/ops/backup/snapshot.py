"""Snapshot of a SQLite database that may be in use, as one file."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

BUSY_SECONDS = 30.0
"""Longest wait for another process's lock on the database."""


def copy_database(database: Path, target: Path) -> None:
    """Copy `database` as it is now to `target`, which is replaced. Raises OSError.

    Reading blocks no writer: a running server continues, and what it commits from now on is not in
    the copy.
    """
    target.unlink(missing_ok=True)
    # SQLite creates a missing log when it opens a database, and must be able to remove it.
    how = "ro" if Path(f"{database}-wal").exists() else "rw"
    try:
        with (
            closing(_open(database, how)) as source,
            closing(sqlite3.connect(target)) as copy,
        ):
            # In one step: in several, it would restart each time that the server writes.
            source.backup(copy)
            # The result needs no log beside it.
            copy.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as error:
        target.unlink(missing_ok=True)
        raise OSError(f"{database} can't be copied: {error}") from error
    target.chmod(0o600)
    with target.open("rb") as file:
        os.fsync(file.fileno())


def database_damage(database: Path) -> str:
    """Return what is wrong with a database that is not in use; empty if nothing was found."""
    try:
        with closing(_open(database, "ro")) as connection:
            (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        return str(error)
    return "" if found == "ok" else str(found).replace("\n", " ")


def named_blobs(database: Path) -> list[tuple[str, int, str]]:
    """Return the contents of a database's files: SHA-256, bytes, and one of the files' ids."""
    query = "SELECT sha256, max(bytes), min(id) FROM files GROUP BY sha256 ORDER BY sha256"
    with closing(_open(database, "ro")) as connection:
        return connection.execute(query).fetchall()


def _open(database: Path, mode: str) -> sqlite3.Connection:
    uri = f"file:{quote(str(database))}?mode={mode}"
    return sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS)
