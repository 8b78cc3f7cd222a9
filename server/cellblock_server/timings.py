"""Times that no operator sets, as one value that is handed in when the server is assembled.

Each part declares its own beside its code; tests run a real server with short ones.
"""

from dataclasses import dataclass, field

from cellblock_server.sessions.keeper import KeeperTimings
from cellblock_server.sessions.pool import PoolTimings
from cellblock_server.supervisor import RestartPauses


@dataclass(frozen=True)
class Timings:
    """All of them; the defaults are those of a server."""

    keeper: KeeperTimings = field(default_factory=KeeperTimings)
    pool: PoolTimings = field(default_factory=PoolTimings)
    restart: RestartPauses = field(default_factory=RestartPauses)


DEFAULT_TIMINGS = Timings()
