"""Who uses a database: what keeps others off it where a lock on a folder does not."""

from collections.abc import Callable
from dataclasses import dataclass


def _go_on(_why: str) -> None:
    """Nobody is to be told: what is stored is refused all the same."""


@dataclass(frozen=True)
class Owner:
    """A process that opens a database."""

    instance: str = ""
    """Of its state folder: sessions and bytes of another one's would not be found there."""
    is_alone: bool = True
    """Whether it is to be the only one, as a server is; a command may come beside it."""
    expects_tables: bool = False
    """Whether there was a database for its folder: an empty one is a loss then."""
    give_up: Callable[[str], None] = _go_on
    """Called, from any thread, with why this process must end: another server has the database,
    or what is stored is not what this one remembers."""


NOBODY = Owner()
