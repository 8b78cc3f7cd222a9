"""The database: SQLite today, any URL that SQLAlchemy knows later."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, Executable, Row, Select, create_engine, event
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DatabaseError, IntegrityError
from sqlalchemy.pool import ConnectionPoolEntry

from cellblock_server.clock import utc_now
from cellblock_server.errors import UnavailableError
from cellblock_server.store.tables import marks
from cellblock_server.telemetry.metrics import Metrics
from cellblock_server.uninterrupted import uninterrupted

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_SECONDS = 10
"""How long a write waits for another process's before it fails."""
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

    async def start(self) -> None:
        """Open it and migrate the schema."""
        self._engine = create_engine(
            self._url,
            pool_size=READERS + 1,
            max_overflow=0,
            # Of failed statements: they are what callers said, and errors get into the log.
            hide_parameters=True,
        )
        event.listen(self._engine, "connect", _configure_sqlite)
        await asyncio.get_running_loop().run_in_executor(self._writer, self._migrate)

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
        with _translated():
            return await asyncio.get_running_loop().run_in_executor(executor, run, function)

    def _read(self, reading: Callable[[Connection], T]) -> T:
        with self._open().connect() as connection:
            return reading(connection)

    def _write(self, change: Callable[[Connection], T]) -> T:
        """In the writer's thread, which keeps its connection: to get one costs a statement."""
        if self._writing is None or self._writing.closed or self._writing.invalidated:
            self._writing = self._open().connect()
        with self._writing.begin():
            return change(self._writing)

    def _open(self) -> Engine:
        if self._engine is None:
            raise RuntimeError("the database has not been started")
        return self._engine

    def _migrate(self) -> None:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        with self._open().begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def _configure_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_SECONDS * 1000}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


@contextmanager
def _translated() -> Iterator[None]:
    """Turn failures of the database itself into `UnavailableError`, without any values."""
    try:
        yield
    except IntegrityError:
        # Not the store's fault: two callers wanted the same name.
        raise
    except DatabaseError as error:
        raise UnavailableError("STORE_FAILED", f"the store failed: {error.orig}") from error
