"""The real server, whose sandboxes run on a `remote_host`: it shares no folder with them.

Run as a module, with the server's arguments. `REMOTE_HOST_PORT` is the host's port.
"""

import os
import sys

from cellblock_server import main as server
from cellblock_server.assembly import parts
from cellblock_server.assembly.timings import Timings
from cellblock_server.backends.backend import Backend
from cellblock_server.config import Settings
from cellblock_server.store.state_folder import StateFolder
from tests.support.remote_backend import RemoteBackend

COMMAND = (sys.executable, "-P", "-m", "tests.support.remote_server")


def _backend(settings: Settings, state: StateFolder, timings: Timings) -> Backend:
    return RemoteBackend(int(os.environ["REMOTE_HOST_PORT"]))


def main() -> int:
    vars(parts)["backend"] = _backend
    return server.main()


if __name__ == "__main__":
    sys.exit(main())
