"""SQLite database: a file that one server uses."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import ConnectionPoolEntry

from cellblock_server.common.errors import UnavailableError
from cellblock_server.store.failures import LOCKED, code_of, store_error
from cellblock_server.store.file_guard import FileGuard
from cellblock_server.store.schema import migrate
from cellblock_server.store.timings import StoreTimings

LOG_BYTES = 16 * 2**20
"""Size to which the write-ahead log is cut after a checkpoint: a flood of writes enlarges it."""

T = TypeVar("T")


class Sqlite:
    """A `Dialect` for SQLite with a write-ahead log.

    Readers and the writer do not wait for each other, and a killed process loses nothing that was
    committed.
    """

    def __init__(self, url: URL, connections: int, synchronous: str, timings: StoreTimings) -> None:
        """Use the file at `url`, with at most `connections` connections.

        `synchronous` is SQLite's setting of that name: with `full`, a commit waits for the disk.
        """
        self._engine = create_engine(
            url,
            pool_size=connections,
            max_overflow=0,
            # Parameters of failed statements are callers' values, and errors get into the log.
            hide_parameters=True,
        )
        self._timings = timings
        self._file = Path(url.database or "")
        self._pragmas = (
            f"busy_timeout={round(timings.busy * 1000)}",
            "journal_mode=WAL",
            f"synchronous={synchronous}",
            "foreign_keys=ON",
            f"journal_size_limit={LOG_BYTES}",
        )
        """Settings of every connection."""
        self._writing: Connection | None = None
        self._is_locked = False
        """Whether the last write found the database locked by another process."""
        self._guard: FileGuard | None = None

    def open(self) -> None:
        """See `Dialect`."""
        event.listen(self._engine, "connect", self._configure)
        event.listen(self._engine, "do_connect", self._before_connection)
        _migrate(self._engine)
        self._guard = FileGuard(self._file)

    def read(self, reading: Callable[[Connection], T]) -> T:
        """See `Dialect`."""
        with self._engine.connect() as connection:
            return reading(connection)

    def write(self, change: Callable[[Connection], T]) -> T:
        """See `Dialect`. The connection stays open: getting one costs a statement."""
        if self._guard is not None:
            self._guard.check()
        if self._writing is None or self._writing.closed or self._writing.invalidated:
            self._writing = self._engine.connect()
        try:
            with self._writing.begin():
                result = change(self._writing)
        except DatabaseError as error:
            self._note_lock(self._writing, is_locked=code_of(error.orig) in LOCKED)
            raise
        self._note_lock(self._writing, is_locked=False)
        return result

    def store_error(self, error: DatabaseError) -> UnavailableError:
        """See `Dialect`."""
        return store_error(error)

    def close(self) -> None:
        """See `Dialect`."""
        if self._writing is not None:
            self._writing.close()
        self._engine.dispose()

    def _note_lock(self, connection: Connection, *, is_locked: bool) -> None:
        if is_locked != self._is_locked:
            self._is_locked = is_locked
            seconds = self._timings.busy_behind if is_locked else self._timings.busy
            _wait_when_locked(connection, seconds)

    def _configure(self, connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        for pragma in self._pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    def _before_connection(self, *_what: object) -> None:
        """Check that the file exists: SQLite would create a missing one."""
        if self._guard is not None:
            self._guard.check()


def _migrate(engine: Engine) -> None:
    with engine.begin() as connection:
        migrate(connection)


def _wait_when_locked(connection: Connection, seconds: float) -> None:
    cursor = connection.connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={round(seconds * 1000)}")
    cursor.close()
