"""The real server with shorter waits: what takes it half a minute to give up takes a second.

Run as a module, with the server's arguments.
"""

import sys
from pathlib import Path

from cellblock_server import main as server
from cellblock_server.agent import connection as agent_connection
from cellblock_server.assembly.timings import Timings
from cellblock_server.backends.docker import engine_watch
from cellblock_server.executions import overdue
from cellblock_server.sessions import live
from cellblock_server.sessions.keeper import KeeperTimings
from cellblock_server.store import outage, postgresql_writer, sqlite
from tests.support.server import ServerProcess

COMMAND = (sys.executable, "-P", "-m", "tests.support.hasty_server")
REPOSITORY = Path(__file__).parents[2]
CALL_SECONDS = 2.0
ENGINE_SECONDS = 2.0
"""When it takes a silent engine to be away."""


def hasty_server(folder: Path, **environment: str) -> ServerProcess:
    """One that has not been started."""
    return ServerProcess(folder, {"PYTHONPATH": str(REPOSITORY), **environment}, COMMAND)


def main() -> int:
    vars(overdue).update(SILENT_SECONDS=0.5, ANSWER_SECONDS=1.0)
    vars(agent_connection).update(CALL_SECONDS=CALL_SECONDS, RECONNECT_SECONDS=1.0)
    vars(engine_watch).update(PATIENCE_SECONDS=0.5, PING_SECONDS=ENGINE_SECONDS - 0.5)
    vars(live).update(END_DETAIL_SECONDS=1.0)
    vars(sqlite).update(BUSY_SECONDS=1)
    vars(postgresql_writer).update(BUSY_SECONDS=1)
    vars(outage).update(AWAY_SECONDS=1)
    return server.main(timings=Timings(keeper=KeeperTimings(housekeeping=1.0, reconcile=1.0)))


if __name__ == "__main__":
    sys.exit(main())
