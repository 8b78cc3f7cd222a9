"""Looks at a database's file before it is opened: what is damaged is not made worse."""

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
"""Bound on the look: of a very large database it sees a part."""
STEPS = 100_000
"""Of SQLite's virtual machine, between two looks at the clock."""

log = structlog.get_logger(__name__)


def check_file(database: Path, mark: Path) -> None:
    """Raise UnavailableError if a SQLite database is damaged, or gone; changes nothing of it.

    `mark` is a file that `mark_made` made when the database was there.
    """
    if not database.exists() or database.stat().st_size == 0:
        if mark.exists():
            raise UnavailableError(
                "STORE_DAMAGED",
                f"{database} is gone: restore a copy of it. Or remove {mark} to begin anew: "
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
    """Remember that there is a database: from now on its absence is a loss."""
    if not mark.exists():
        with disk_errors_translated(str(mark)):
            mark.write_text(
                "There is a database for this folder: see docs/concepts/reliability.md.\n"
            )


def _problem(database: Path) -> str:
    """What is wrong with a database; empty if nothing was found."""
    wal, shared = Path(f"{database}-wal"), Path(f"{database}-shm")
    if shared.exists() and not wal.exists():
        # Made after it, and removed before it.
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
        # The rest is told when it is opened, and in its words.
        log.warning("database_not_checked", problem=str(error))
        return ""
    return "" if found == "ok" else str(found).replace("\n", " ")
