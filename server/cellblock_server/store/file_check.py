"""Check of a database file before it is opened, so that damage is not made worse."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import structlog

from cellblock_server.common.disk import disk_errors_translated
from cellblock_server.common.errors import UnavailableError
from cellblock_server.store.failures import DAMAGED, code_of

CHECK_SECONDS = 20.0
"""Time limit of the check: of a very large database it covers only a part."""
STEPS = 100_000
"""Steps of SQLite's virtual machine between two checks of the time limit."""

log = structlog.get_logger(__name__)


def check_file(database: Path, mark: Path) -> None:
    """Raise UnavailableError if a SQLite database is damaged or missing; change nothing.

    `mark` is a file that `mark_made` made when the database was there.
    """
    if not database.exists() or database.stat().st_size == 0:
        if mark.exists():
            raise UnavailableError(
                "STORE_DAMAGED",
                f"{database} is gone: restore a copy of it. Or remove {mark} to start with "
                "an empty database: "
                "then all sandboxes and stored files of this server are removed, too",
            )
        return
    if problem := _problem(database):
        raise UnavailableError(
            "STORE_DAMAGED",
            f"{database} is damaged ({problem}) and was left as it is: restore a copy of it, or "
            "save what can be read with `sqlite3 DAMAGED .recover | sqlite3 NEW`",
        )


def mark_made(mark: Path) -> None:
    """Record that there is a database: from now on its absence is a loss."""
    if not mark.exists():
        with disk_errors_translated(str(mark)):
            mark.write_text(
                "There is a database for this folder: see docs/concepts/reliability.md.\n"
            )


def _problem(database: Path) -> str:
    """Describe the damage of a database; empty if none was found."""
    wal, shared = Path(f"{database}-wal"), Path(f"{database}-shm")
    if shared.exists() and not wal.exists():
        # The shared-memory file is made after the log, and removed before it.
        return f"{wal.name} is missing, and what was stored last is in it"
    # Without a log SQLite would make one.
    how = "mode=ro" if wal.exists() else "immutable=1"
    end = time.monotonic() + CHECK_SECONDS
    try:
        with closing(sqlite3.connect(f"file:{quote(str(database))}?{how}", uri=True)) as connection:
            connection.set_progress_handler(lambda: time.monotonic() > end, STEPS)
            (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        if code_of(error) in DAMAGED:
            return str(error)
        # Opening the database reports everything else, with its own message.
        log.warning("database_not_checked", problem=str(error))
        return ""
    return "" if found == "ok" else str(found).replace("\n", " ")
