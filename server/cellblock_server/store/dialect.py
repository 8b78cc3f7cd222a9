"""What a kind of database has to offer: SQLite and PostgreSQL do."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError

from cellblock_server.common.errors import UnavailableError

T = TypeVar("T")


class Dialect(Protocol):
    """One database. `Database` calls it from threads: one for writes, some for readings."""

    def open(self) -> None:
        """Open it and bring its schema up to date; called once, before all else.

        Raises NewerSchemaError, UnavailableError, or what SQLAlchemy does.
        """

    def read(self, reading: Callable[[Connection], T]) -> T:
        """What `reading` makes of a connection. It may be called again if the first is lost."""

    def write(self, change: Callable[[Connection], T]) -> T:
        """Run `change` as a transaction: rolled back if it raises.

        When this returns, it has been committed; when it raises, it has not been. Never called
        twice at once.
        """

    def told(self, error: DatabaseError) -> UnavailableError:
        """A failure as callers are told of it, without any values."""

    def close(self) -> None:
        """Close it; called last. May be called after `open` has failed."""
