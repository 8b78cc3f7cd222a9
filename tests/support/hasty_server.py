"""The real server with shorter waits: it gives up after a second instead of half a minute."""

from pathlib import Path

from tests.support.server import ServerProcess
from tests.support.timed_server import COMMAND, timed_environment

ENGINE_SECONDS = 2.0
"""Time after which a silent engine is treated as unavailable."""
SHORT = {
    "keeper": {"housekeeping": 1.0, "reconcile": 1.0},
    "agent": {"call": 2.0, "reconnect": 1.0, "end": 1.0},
    "overdue": {"silent": 0.5, "answer": 1.0},
    "engine": {"patience": 0.5, "ping": ENGINE_SECONDS - 0.5},
    "store": {"busy": 1.0, "away": 1.0},
}


def hasty_server(folder: Path, **environment: str) -> ServerProcess:
    """Return a server that has not been started."""
    return ServerProcess(folder, {**timed_environment(SHORT), **environment}, COMMAND)
