"""The database: SQLite today, any URL that SQLAlchemy knows later."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Executable, Row, Select, create_engine, event
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DatabaseError, IntegrityError
from sqlalchemy.pool import ConnectionPoolEntry

from cellblock_server.clock import utc_now
from cellblock_server.errors import UnavailableError
from cellblock_server.store.failures import LOCKED, code_of, told
from cellblock_server.store.file_guard import FileGuard
from cellblock_server.store.schema import migrate
from cellblock_server.store.tables import marks
from cellblock_server.telemetry.metrics import Metrics
from cellblock_server.uninterrupted import uninterrupted

BUSY_SECONDS = 10
"""How long a write waits for another process's before it fails."""
LOG_BYTES = 16 * 2**20
"""What the write-ahead log is cut to when all of it is in the database: a flood made it longer."""
BEHIND_SECONDS = 0.1
"""How long one waits after one that failed so: those in a queue must not wait for as long each."""
ALIVE = "alive"
"""The mark of the last moment at which a server could write."""
READERS = 4
"""Readings at a time; more wait for their turn."""

T = TypeVar("T")


class Database:
    """The store, with its schema brought up to date.

    A transaction is one function, which runs in a thread of its own: one hand-over, however
    many statements it has. SQLite runs with a write-ahead log: readers and the writer do
    not wait for each other, and a killed process loses nothing that was committed.
    """

    def __init__(self, url: str, metrics: Metrics | None = None) -> None:
        """Use the database at `url` (`sqlite:///…`), and count transactions."""
        self._url = url
        self._seconds = (metrics or Metrics()).store_seconds
        self._engine: Engine | None = None
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="store reader")
        # SQLite has one writer: waiting here is fair and never times out into BUSY.
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="store writer")
        self._writing: Connection | None = None
        self._is_locked = False
        """Whether the last write found the database locked by another process."""
        self._guard: FileGuard | None = None
        self._damage = ""
        """What was said when damage was found: nothing is written from then on."""

    async def start(self) -> None:
        """Open it and bring its schema up to date. Raises NewerSchemaError."""
        self._engine = create_engine(
            self._url,
            pool_size=READERS + 1,
            max_overflow=0,
            # Of failed statements: they are what callers said, and errors get into the log.
            hide_parameters=True,
        )
        event.listen(self._engine, "connect", _configure_sqlite)
        event.listen(self._engine, "do_connect", self._before_connection)
        await asyncio.get_running_loop().run_in_executor(self._writer, self._migrate)
        self._guard = FileGuard(database_file(self._url))

    async def close(self) -> None:
        """Close it."""
        for executor in (self._readers, self._writer):
            await asyncio.to_thread(executor.shutdown)
        if self._writing is not None:
            self._writing.close()
        if self._engine is not None:
            self._engine.dispose()

    async def read(self, reading: Callable[[Connection], T]) -> T:
        """What `reading` makes of a connection. Raises UnavailableError."""
        with self._counted("read"):
            return await self._run(self._readers, self._read, reading)

    async def write(self, change: Callable[[Connection], T]) -> T:
        """Run `change` as a transaction: rolled back if it raises.

        A caller who is cancelled meanwhile waits for its end. Raises UnavailableError, and
        IntegrityError if two callers wanted the same name.
        """
        return await uninterrupted(self.commit(change))

    async def commit(self, change: Callable[[Connection], T]) -> T:
        """As `write`, for a caller who is not cancelled before it has been done."""
        with self._counted("write"):
            return await self._run(self._writer, self._write, change)

    async def check(self) -> None:
        """Write something: what can be read only is not whole. Raises UnavailableError."""
        await self.execute(
            insert(marks)
            .values(name=ALIVE, time=utc_now())
            .on_conflict_do_update(index_elements=["name"], set_={"time": utc_now()})
        )

    async def rows(self, query: Select[Any], **values: object) -> Sequence[Row[Any]]:
        """All that a query finds, with these values for its parameters."""
        return await self.read(lambda connection: connection.execute(query, values).all())

    async def row(self, query: Select[Any], **values: object) -> Row[Any] | None:
        """The one that a query finds, if it does."""
        return await self.read(lambda connection: connection.execute(query, values).one_or_none())

    async def execute(self, *statements: Executable) -> None:
        """Run statements as a transaction."""

        def change(connection: Connection) -> None:
            for statement in statements:
                connection.execute(statement)

        await self.write(change)

    @contextmanager
    def _counted(self, kind: str) -> Iterator[None]:
        began, outcome = time.perf_counter(), "failed"
        try:
            yield
            outcome = "ok"
        except IntegrityError:
            outcome = "conflict"
            raise
        finally:
            self._seconds.labels(kind, outcome).observe(time.perf_counter() - began)

    async def _run(
        self,
        executor: ThreadPoolExecutor,
        run: Callable[[Callable[[Connection], T]], T],
        function: Callable[[Connection], T],
    ) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(executor, run, function)
        except IntegrityError:
            # Not the store's fault: two callers wanted the same name.
            raise
        except DatabaseError as error:
            failure = told(error)
            if failure.reason == "STORE_DAMAGED":
                self._damage = failure.message
            raise failure from error

    def _read(self, reading: Callable[[Connection], T]) -> T:
        with self._open().connect() as connection:
            return reading(connection)

    def _write(self, change: Callable[[Connection], T]) -> T:
        """In the writer's thread, which keeps its connection: to get one costs a statement."""
        if self._damage:
            raise UnavailableError("STORE_DAMAGED", self._damage)
        if self._guard is not None:
            self._guard.check()
        if self._writing is None or self._writing.closed or self._writing.invalidated:
            self._writing = self._open().connect()
        try:
            with self._writing.begin():
                result = change(self._writing)
        except DatabaseError as error:
            self._note_lock(self._writing, is_locked=code_of(error.orig) in LOCKED)
            raise
        self._note_lock(self._writing, is_locked=False)
        return result

    def _note_lock(self, connection: Connection, *, is_locked: bool) -> None:
        if is_locked != self._is_locked:
            self._is_locked = is_locked
            _wait_when_locked(connection, BEHIND_SECONDS if is_locked else BUSY_SECONDS)

    def _open(self) -> Engine:
        if self._engine is None:
            raise RuntimeError("the database has not been started")
        return self._engine

    def _before_connection(self, *_what: object) -> None:
        """SQLite would make a file anew that is not there."""
        if self._guard is not None:
            self._guard.check()

    def _migrate(self) -> None:
        with self._open().begin() as connection:
            migrate(connection)


def database_file(url: str) -> Path:
    """The file of a SQLite database."""
    return Path(make_url(url).database or "")


def _configure_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout={BUSY_SECONDS * 1000}",
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
        f"journal_size_limit={LOG_BYTES}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _wait_when_locked(connection: Connection, seconds: float) -> None:
    cursor = connection.connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={round(seconds * 1000)}")
    cursor.close()
