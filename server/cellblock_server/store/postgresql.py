"""PostgreSQL database that one server uses."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import psycopg
from sqlalchemy import URL, Connection, String, create_engine, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection, Dialect, ExceptionContext
from sqlalchemy.exc import DatabaseError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.pool import ConnectionPoolEntry

from cellblock_server.common.errors import UnavailableError
from cellblock_server.store.failures import damaged
from cellblock_server.store.outage import HeldError, Outage
from cellblock_server.store.owner import Owner
from cellblock_server.store.postgresql_connection import (
    OPTIONS,
    PARAMETERS,
    BoundedConnection,
    carry_any_text,
)
from cellblock_server.store.postgresql_writer import LOCK_WORDS, Writer
from cellblock_server.store.schema import is_current, migrate, revision
from cellblock_server.store.timings import StoreTimings

DRIVER = "postgresql+psycopg"
OLDEST = 140_000
"""Minimum `server_version_num`: PostgreSQL 14, the oldest supported release."""
ENCODING = "UTF8"
FACTS = text(
    "SELECT current_setting('server_version_num')::int AS version, "
    "current_setting('server_encoding') AS encoding, "
    "pg_is_in_recovery() AS is_standby, "
    "current_setting('default_transaction_read_only')::bool AS is_read_only, "
    "current_setting('synchronous_commit') AS durable, current_database() AS name, "
    "has_schema_privilege(current_schema(), 'CREATE') AS may_create"
)
LOCK_FOR_MIGRATION = text("SELECT pg_try_advisory_xact_lock(:space, :number)")
FULL = ("53100",)
DAMAGED = ("XX001", "XX002")
"""Source: PostgreSQL's appendix "Error Codes"."""

T = TypeVar("T")


@compiles(String, "postgresql")
def _unbounded(_type: String, _compiler: Any, **_options: Any) -> str:  # noqa: ANN401 - its form
    """Omit the bounds of columns: SQLite ignores them, and we check callers' values ourselves."""
    return "TEXT"


class PostgreSql:
    """A `Dialect` for PostgreSQL.

    Readings are single statements; writes use one connection, with a lock that keeps other servers
    out, and wait for the disk.
    """

    def __init__(self, url: URL, connections: int, owner: Owner, timings: StoreTimings) -> None:
        """Use the database at `url`, with at most `connections` connections."""
        self._timings = timings
        self._owner = owner
        self._outage = Outage(timings)
        self._answer_seconds: float | None = None
        self._engine = create_engine(
            with_parameters(url, timings.connect),
            pool_size=connections,
            max_overflow=0,
            # Parameters of failed statements are callers' values, and errors get into the log.
            hide_parameters=True,
            # Readings need no transaction; the writer asks for one.
            isolation_level="AUTOCOMMIT",
        )
        event.listen(self._engine, "do_connect", self._connected)
        event.listen(self._engine, "connect", _configure)
        event.listen(self._engine, "handle_error", _without_values)
        self._writer = Writer(self._engine, owner, self._outage, timings)

    def open(self) -> None:
        """See `Dialect`."""
        connection = self._writer.open()
        check(connection)
        if self._owner.expects_tables and revision(connection) is None:
            raise UnavailableError(
                "STORE_DAMAGED",
                "the database is empty, and there was one: restore a copy of it. Or remove "
                "`database-made` in the state folder to start with an empty database: then all "
                "sandboxes and stored "
                "files of this server are removed, too",
            )
        self._lock_for_migration(connection)
        migrate(connection)
        self._writer.claim(connection)
        connection.commit()
        self._writer.claimed()
        self._answer_seconds = self._timings.answer
        cast(
            BoundedConnection, connection.connection.driver_connection
        ).answer_seconds = self._answer_seconds

    def read(self, reading: Callable[[Connection], T]) -> T:
        """See `Dialect`."""

        def attempt() -> T:
            with self._engine.connect() as connection:
                return reading(connection)

        return self._outage.outlasted(attempt)

    def write(self, change: Callable[[Connection], T]) -> T:
        """See `Dialect`."""
        return self._writer.write(change)

    def store_error(self, error: DatabaseError) -> UnavailableError:
        """See `Dialect`."""
        code = getattr(error.orig, "sqlstate", None)
        words = " ".join(str(error.orig).split())
        if code in DAMAGED:
            return damaged(words)
        reason = "STORE_FULL" if code in FULL else "STORE_FAILED"
        return UnavailableError(reason, "the store failed", detail=words)

    def close(self) -> None:
        """See `Dialect`."""
        self._outage.close()
        self._writer.close()
        self._engine.dispose()

    def _connected(
        self,
        _dialect: Dialect,
        _entry: ConnectionPoolEntry,
        arguments: list[Any],
        parameters: dict[str, Any],
    ) -> DBAPIConnection:
        connection = BoundedConnection.connect(*arguments, **parameters)
        connection.answer_seconds = self._answer_seconds
        return cast(DBAPIConnection, connection)

    def _lock_for_migration(self, connection: Connection) -> None:
        """Prevent a command beside a running server from migrating its tables."""
        if self._owner.is_alone or is_current(connection):
            return
        if not connection.execute(LOCK_FOR_MIGRATION, LOCK_WORDS).scalar_one():
            raise HeldError("a server of another release uses the database: use that release")


def with_parameters(url: URL, connect_seconds: int) -> URL:
    """Return the URL with our driver, and with our defaults for parameters that it lacks."""
    options = " ".join([*(f"-c {option}" for option in OPTIONS), str(url.query.get("options", ""))])
    defaults = {"connect_timeout": connect_seconds, **PARAMETERS}
    missing = {name: str(value) for name, value in defaults.items() if name not in url.query}
    return url.set(drivername=DRIVER).update_query_dict({**missing, "options": options.strip()})


def _configure(connection: Any, _entry: ConnectionPoolEntry) -> None:  # noqa: ANN401 - the driver's
    carry_any_text(connection)


def _without_values(context: ExceptionContext) -> None:
    """Keep the first line of PostgreSQL's message: the others contain rows."""
    error, wrapped = context.original_exception, context.sqlalchemy_exception
    if isinstance(error, psycopg.Error) and (first := error.diag.message_primary) is not None:
        error.args = (first,)
        if wrapped is not None:
            wrapped.args = (f"({type(error).__name__}) {first}",)


def check(connection: Connection, oldest: int = OLDEST) -> None:
    """Raise UnavailableError, with what to do, for a database that would lose stored data.

    `oldest` is the minimum `server_version_num`.
    """
    facts = connection.execute(FACTS).one()
    if facts.version < oldest:
        problem = (
            f"PostgreSQL {facts.version // 10_000} is too old: {oldest // 10_000} is the least"
        )
    elif facts.encoding != ENCODING:
        problem = (
            f"the encoding of {facts.name!r} is {facts.encoding}: make one with CREATE DATABASE "
            f"name ENCODING '{ENCODING}' TEMPLATE template0"
        )
    elif facts.is_standby or facts.is_read_only:
        problem = (
            f"{facts.name!r} can't be written: it is a standby, or `default_transaction_read_only` "
            "is on; name the primary, or several hosts with `target_session_attrs=read-write`"
        )
    elif facts.durable == "off":
        problem = (
            "`synchronous_commit` is off: what was acknowledged could be lost while the server "
            "goes on; ALTER ROLE name SET synchronous_commit = on"
        )
    elif not facts.may_create and not is_current(connection):
        problem = (
            "the role may make no tables: ALTER DATABASE name OWNER TO role, "
            "or GRANT CREATE ON SCHEMA public TO role"
        )
    else:
        return
    raise UnavailableError("STORE_FAILED", problem)
