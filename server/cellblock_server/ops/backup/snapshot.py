"""One moment of a SQLite database that may be in use, as one file."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

BUSY_SECONDS = 30.0
"""How long another process may have the database locked."""


def take(database: Path, target: Path) -> None:
    """Copy `database` as it is now to `target`, which is replaced. Raises OSError.

    Readers hold up nobody: a server that writes goes on, and none of what it commits from now
    on is in the copy.
    """
    target.unlink(missing_ok=True)
    # Whoever opens a database without its log makes one, and must be able to remove it.
    how = "ro" if Path(f"{database}-wal").exists() else "rw"
    try:
        with (
            closing(_open(database, how)) as source,
            closing(sqlite3.connect(target)) as copy,
        ):
            # All at once: in steps it would begin anew each time that the server writes.
            source.backup(copy)
            # A file that needs no log beside it.
            copy.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as error:
        target.unlink(missing_ok=True)
        raise OSError(f"{database} can't be copied: {error}") from error
    target.chmod(0o600)
    with target.open("rb") as file:
        os.fsync(file.fileno())


def check(database: Path) -> str:
    """What is wrong with a database that nobody uses; empty if nothing was found."""
    try:
        with closing(_open(database, "ro")) as connection:
            (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        return str(error)
    return "" if found == "ok" else str(found).replace("\n", " ")


def named(database: Path) -> list[tuple[str, int, str]]:
    """The contents that a database's files have: SHA-256, bytes, and one of the files' ids."""
    query = "SELECT sha256, max(bytes), min(id) FROM files GROUP BY sha256 ORDER BY sha256"
    with closing(_open(database, "ro")) as connection:
        return connection.execute(query).fetchall()


def _open(database: Path, mode: str) -> sqlite3.Connection:
    uri = f"file:{quote(str(database))}?mode={mode}"
    return sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS)
