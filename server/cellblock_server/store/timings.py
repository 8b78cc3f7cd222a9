"""Times of the store, which no operator sets."""

from dataclasses import dataclass


@dataclass(frozen=True)
class StoreTimings:
    """Bounds on the waits for the database, in seconds. SQLite has only locks to wait for."""

    busy: float = 10.0
    """Longest wait of a write for what another process has locked; then the write fails."""
    busy_behind: float = 0.1
    """The same after a write that failed so: those in a queue must not wait for as long each."""
    away: float = 10.0
    """Longest wait of a reading or a write for a database that is away; then it fails."""
    retry: float = 0.1
    """Between two attempts at a database that is away."""
    known_away: float = 1.0
    """After a wait in vain, until the next attempt; what comes meanwhile fails at once."""
    answer: float = 60.0
    """Longest statement; one without an answer is given up, with its connection."""
    connect: int = 5
    """Longest attempt to connect to one address of the database's host, in whole seconds, as libpq
    counts them. The URL's `connect_timeout` takes precedence."""
