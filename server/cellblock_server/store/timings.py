"""Time limits and intervals of the store that are not configurable."""

from dataclasses import dataclass


@dataclass(frozen=True)
class StoreTimings:
    """Bounds on waits for the database, in seconds. SQLite waits only for locks."""

    busy: float = 10.0
    """Longest wait of a write for another process's lock; then the write fails."""
    busy_behind: float = 0.1
    """Longest wait for a lock after a write failed so: queued writes must not wait as long each."""
    away: float = 10.0
    """Longest wait of a reading or a write for an unavailable database; then it fails."""
    retry: float = 0.1
    """Pause between two attempts to reach an unavailable database."""
    known_away: float = 1.0
    """Pause after a failed wait until the next attempt; calls fail immediately in between."""
    answer: float = 60.0
    """Time limit of a statement; without a response its connection is closed."""
    connect: int = 5
    """Time limit of a connection attempt to one address of the database's host.

    In whole seconds, as libpq counts them. The URL's `connect_timeout` takes precedence.
    """
