"""Ownership of a database: prevents two servers from using one PostgreSQL database."""

from collections.abc import Callable
from dataclasses import dataclass


def _go_on(_why: str) -> None:
    """Ignore the loss of the database: writes are refused all the same."""


@dataclass(frozen=True)
class Owner:
    """A process that opens a database."""

    instance: str = ""
    """Id of its state folder: the sessions and files of another state folder are not found here."""
    is_alone: bool = True
    """Whether it needs exclusive use, as a server does; a command may run beside a server."""
    expects_tables: bool = False
    """Whether the state folder had a database before: an empty database is then a loss."""
    give_up: Callable[[str], None] = _go_on
    """Called from any thread when this process must end, with the reason.

    The reason is that another server has the database, or that the stored data differs from this
    process's memory.
    """


NOBODY = Owner()
