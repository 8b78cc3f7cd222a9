"""The database connection: SQLite today, any URL that SQLAlchemy knows later."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DatabaseError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from cellblock_server.errors import UnavailableError
from cellblock_server.uninterrupted import uninterrupted

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_SECONDS = 10
"""How long a write waits for another one before it fails."""
MAX_CONNECTIONS = 8


class Database:
    """Connections to the store, with its schema brought up to date.

    SQLite runs with a write-ahead log: readers and the writer do not wait for each
    other, and a killed process loses nothing that was committed.
    """

    def __init__(self, url: str) -> None:
        """Use the database at `url` (`sqlite+aiosqlite:///…`)."""
        self._url = url
        self._engine: AsyncEngine | None = None
        # SQLite has one writer: waiting here is fair and never times out into BUSY.
        self._writer = asyncio.Lock()

    async def start(self) -> None:
        """Migrate the schema and open the pool."""
        await asyncio.to_thread(self._migrate)
        self._engine = create_async_engine(
            self._url,
            pool_size=MAX_CONNECTIONS,
            max_overflow=0,
            pool_timeout=30,
            # Of failed statements: they are what callers said, and errors get into the log.
            hide_parameters=True,
        )
        event.listen(self._engine.sync_engine, "connect", _configure_sqlite)

    async def close(self) -> None:
        """Close all connections."""
        if self._engine is not None:
            await self._engine.dispose()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection for reading."""
        with _translated():
            async with self._open().connect() as connection:
                yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction: committed at the end of the block, rolled back on an exception.

        A caller who is cancelled while it is being committed waits for that.
        """
        async with self._writer:
            with _translated():
                async with self._open().connect() as connection:
                    yield connection
                    await uninterrupted(connection.commit())

    def _open(self) -> AsyncEngine:
        if self._engine is None:
            raise RuntimeError("the database has not been started")
        return self._engine

    def _migrate(self) -> None:
        url = make_url(self._url).set(drivername=make_url(self._url).get_backend_name())
        engine = create_engine(url, hide_parameters=True)
        try:
            event.listen(engine, "connect", _configure_sqlite)
            config = Config()
            config.set_main_option("script_location", str(MIGRATIONS))
            with engine.begin() as connection:
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
        finally:
            engine.dispose()


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
    except PoolTimeoutError as error:
        raise UnavailableError("STORE_BUSY", "the store is busy: no connection is free") from error
