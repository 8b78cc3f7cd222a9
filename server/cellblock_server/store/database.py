"""Database of the server: SQLite or PostgreSQL, by its URL."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache, partial
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Executable, Row, Select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError, IntegrityError

from cellblock_server.common.clock import utc_now
from cellblock_server.common.errors import UnavailableError, WrongStateError
from cellblock_server.store.dialect import Dialect
from cellblock_server.store.owner import NOBODY, Owner
from cellblock_server.store.sqlite import Sqlite
from cellblock_server.store.tables import marks
from cellblock_server.store.timings import StoreTimings
from cellblock_server.store.upsert import insert_for
from cellblock_server.store.writer_thread import WriterThread
from cellblock_server.telemetry.metrics import Metrics

ALIVE = "alive"
"""Name of the mark that stores the last moment at which a server could write."""
READERS = 4
"""Maximum number of simultaneous readings; more wait for their turn."""

T = TypeVar("T")


class Database:
    """The store, with its schema brought up to date.

    A transaction is one function, which runs in a thread of its own: one hand-over, however
    many statements it has.
    """

    def __init__(
        self,
        url: str | URL,
        metrics: Metrics | None = None,
        owner: Owner = NOBODY,
        synchronous: str = "normal",
        timings: StoreTimings | None = None,
    ) -> None:
        """Use the database at `url` (`sqlite:///…`, `postgresql://…`), and count transactions.

        `synchronous` is for SQLite alone.
        Raises WrongStateError if the driver is not installed.
        """
        self._seconds = cache((metrics or Metrics()).store_seconds.labels)
        self._dialect = _dialect(make_url(url), owner, synchronous, timings or StoreTimings())
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="store reader")
        # One writer: waiting here is fair, and our own transactions never conflict.
        self._writer = WriterThread("store writer")
        self._damage: UnavailableError | None = None
        """Error that reported damage to the database: nothing is written after it."""

    async def start(self) -> None:
        """Open the database and update its schema. Raises NewerSchemaError, UnavailableError."""
        await self._writer.run(self._dialect.open)

    async def close(self) -> None:
        """Close the database."""
        await asyncio.to_thread(self._readers.shutdown)
        await self._writer.close()
        self._dialect.close()

    async def read(self, reading: Callable[[Connection], T]) -> T:
        """Return the result of `reading`, called with a connection. Raises UnavailableError."""
        with self._counted("read"):
            work = partial(self._done, self._dialect.read, reading)
            return await asyncio.get_running_loop().run_in_executor(self._readers, work)

    async def write(
        self, change: Callable[[Connection], T], then: Callable[[], None] | None = None
    ) -> T:
        """Run `change` as a transaction: rolled back if it raises.

        `then` is called in the event loop after the commit, before any other task can see the
        result. A cancelled caller first waits for both. Raises UnavailableError, and IntegrityError
        if two callers wanted the same name.
        """
        with self._counted("write"):
            return await self._writer.run(partial(self._done, self._write, change), then)

    async def check(self) -> None:
        """Check that the database can be written. Raises UnavailableError."""
        now = utc_now()

        def change(connection: Connection) -> None:
            alive = insert_for(connection, marks).values(name=ALIVE, time=now)
            connection.execute(
                alive.on_conflict_do_update(index_elements=["name"], set_={"time": now})
            )

        await self.write(change)

    async def rows(self, query: Select[Any], **values: object) -> Sequence[Row[Any]]:
        """Return all rows of a query, with these values for its parameters."""
        return await self.read(lambda connection: connection.execute(query, values).all())

    async def row(self, query: Select[Any], **values: object) -> Row[Any] | None:
        """Return the row that a query finds, or None."""
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
            self._seconds(kind, outcome).observe(time.perf_counter() - began)

    def _done(
        self, run: Callable[[Callable[[Connection], T]], T], function: Callable[[Connection], T]
    ) -> T:
        """Run `function` in a thread of the store, and translate database errors for callers."""
        try:
            return run(function)
        except IntegrityError:
            # Not the store's fault: two callers wanted the same name.
            raise
        except DatabaseError as error:
            failure = self._dialect.store_error(error)
            if failure.reason == "STORE_DAMAGED":
                self._damage = failure
            raise failure from error

    def _write(self, change: Callable[[Connection], T]) -> T:
        if (known := self._damage) is not None:
            raise UnavailableError(known.reason, known.message, detail=known.detail)
        return self._dialect.write(change)


def _dialect(url: URL, owner: Owner, synchronous: str, timings: StoreTimings) -> Dialect:
    if url.get_backend_name() == "sqlite":
        return Sqlite(url, READERS + 1, synchronous, timings)
    try:
        from cellblock_server.store.postgresql import PostgreSql
    except ModuleNotFoundError as error:
        raise WrongStateError(
            "POSTGRESQL_MISSING",
            f"store.url: PostgreSQL needs {error.name}: pip install 'cellblock[postgresql]'",
        ) from error
    return PostgreSql(url, READERS + 1, owner, timings)
