"""Bounds on connections, and on those that have shown no valid key."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class StrangerLimits:
    """Bounds on connections, and on those that have shown no valid key."""

    max_connections: int = 500
    """Maximum number of connections.

    Over it, the oldest connection without a key is closed; then an unused one.
    """
    strangers_share: float = 0.5
    """Share of `max_connections` available to connections without a key."""
    timeout_seconds: float = 10.0
    """Time that a connection has to show a valid key, or to ask for the server's health again."""
    free_calls: int = 10
    """Number of calls without a valid key that a connection may make immediately."""
    calls_per_second: float = 5.0
    """Rate of calls without a valid key after `free_calls`; more of them wait."""
    max_waiting_calls: int = 6
    """Maximum of waiting or open calls of a connection without a valid key. More are refused."""
    max_refused_calls: int = 4
    """Number of such refusals after which the connection is ended."""
    free_offences: float = 2.0
    """Connections of one address that may be ended for their calls before it is banned."""
    idle_offence: float = 0.02
    """Weight of ending a connection because it was too old, or one of too many."""
    first_ban_seconds: float = 10.0
    """Duration of an address's first ban; each further ban lasts twice as long."""
    longest_ban_seconds: float = 60.0
    forget_seconds: float = 120.0
    """Time without an offence after which an address has no record any more."""
    look_seconds: float = 0.5
    """Interval of checks of the connections."""
    busy_look_seconds: float = 0.05
    """Interval of checks while there are many connections without a key."""
    urgent_look_seconds: float = 0.01
    """Interval of checks while a connection is to be ended."""

    @property
    def max_strangers(self) -> int:
        """Return the maximum number of connections without a key."""
        return max(1, int(self.max_connections * self.strangers_share))

    @property
    def retry_after(self) -> timedelta:
        """Return the time after which a refused call may succeed."""
        return timedelta(seconds=1)
