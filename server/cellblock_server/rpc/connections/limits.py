"""Bounds on connections, and on those that have shown no valid key."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class StrangerLimits:
    """Bounds on connections, and on those that have shown no valid key."""

    max_connections: int = 500
    """Connections at once. Past it, the oldest without a key makes room; then an unused one."""
    strangers_share: float = 0.5
    """Part of these that connections without a key may be."""
    timeout_seconds: float = 10.0
    """Time that a connection has to show a valid key, or to ask for the server's health again."""
    free_calls: int = 10
    """Calls without a valid key that a connection may make at once."""
    calls_per_second: float = 5.0
    """Calls without a valid key after these; more of them wait."""
    max_waiting_calls: int = 6
    """Calls of a connection without a valid key that may wait, or be open. More are refused."""
    max_refused_calls: int = 4
    """Calls refused for that, before the connection is ended."""
    free_offences: float = 2.0
    """Connections of one address that may be ended for their calls before it is banned."""
    idle_offence: float = 0.02
    """Weight of a connection that was ended because it was too old, or one of too many."""
    first_ban_seconds: float = 10.0
    """Time for which new connections of an address are dropped; twice as long each time again."""
    longest_ban_seconds: float = 60.0
    forget_seconds: float = 120.0
    """Time without an offence after which an address begins as any other."""
    look_seconds: float = 0.5
    """Time between two looks at the connections."""
    busy_look_seconds: float = 0.05
    """The same while there are many without a key."""
    urgent_look_seconds: float = 0.01
    """The same when a connection is to be ended."""

    @property
    def max_strangers(self) -> int:
        """Connections without a key at once."""
        return max(1, int(self.max_connections * self.strangers_share))

    @property
    def retry_after(self) -> timedelta:
        """Time after which a refused call has a chance."""
        return timedelta(seconds=1)
