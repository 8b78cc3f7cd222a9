"""The database: SQLite today, any URL that SQLAlchemy knows later."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Executable, Row, Select, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DatabaseError, IntegrityError
from sqlalchemy.pool import ConnectionPoolEntry

from cellblock_server.errors import UnavailableError
from cellblock_server.store.schema import migrate
from cellblock_server.uninterrupted import uninterrupted

BUSY_SECONDS = 10
"""How long a write waits for another process's before it fails."""
READERS = 4
"""Readings at a time; more wait for their turn."""

T = TypeVar("T")


class Database:
    """The store, with its schema brought up to date.

    A transaction is one function, which runs in a thread of its own: one hand-over, however
    many statements it has. SQLite runs with a write-ahead log: readers and the writer do
    not wait for each other, and a killed process loses nothing that was committed.
    """

    def __init__(self, url: str) -> None:
        """Use the database at `url` (`sqlite:///…`)."""
        self._url = url
        self._engine: Engine | None = None
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="store reader")
        # SQLite has one writer: waiting here is fair and never times out into BUSY.
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="store writer")
        self._writing: Connection | None = None

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
        return await self._run(self._readers, self._read, reading)

    async def write(self, change: Callable[[Connection], T]) -> T:
        """Run `change` as a transaction: rolled back if it raises.

        A caller who is cancelled meanwhile waits for its end. Raises UnavailableError, and
        IntegrityError if two callers wanted the same name.
        """
        return await uninterrupted(self.commit(change))

    async def commit(self, change: Callable[[Connection], T]) -> T:
        """As `write`, for a caller who is not cancelled before it has been done."""
        return await self._run(self._writer, self._write, change)

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
        with self._open().begin() as connection:
            migrate(connection)


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
