"""Interface that each kind of database implements: SQLite and PostgreSQL."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError

from cellblock_server.common.errors import UnavailableError

T = TypeVar("T")


class Dialect(Protocol):
    """One database. `Database` calls it from threads: one for writes, some for readings."""

    def open(self) -> None:
        """Open the database and update its schema; called once, first.

        Raises NewerSchemaError, UnavailableError, or a SQLAlchemy error.
        """

    def read(self, reading: Callable[[Connection], T]) -> T:
        """Return the result of `reading`; call it again if the first connection is lost."""

    def write(self, change: Callable[[Connection], T]) -> T:
        """Run `change` as a transaction: rolled back if it raises.

        When this returns, the transaction has been committed; when it raises, it has not.
        `Database` never makes two calls at the same time.
        """

    def store_error(self, error: DatabaseError) -> UnavailableError:
        """Return the error that callers get for a database failure, without any stored values."""

    def close(self) -> None:
        """Close the database; called last. May be called after `open` has failed."""
