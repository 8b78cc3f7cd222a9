"""The real server with times that its environment gives it; it lists its tasks when asked to.

Run as a module, with the server's arguments. `TEST_TIMINGS` is JSON of `Timings`. At SIGUSR1 the
server returns memory that its allocator keeps, and writes the names of its tasks, one a line, to
the file that `SOAK_TASKS` names.
"""

import asyncio
import ctypes
import gc
import os
import signal
import sys
from pathlib import Path

from cellblock_server import main as server
from cellblock_server.assembly.timings import Timings
from cellblock_server.config import Settings
from cellblock_server.store.state_folder import StateFolder
from tests.support.timed_server import parse_timings

serve = server._serve


def list_tasks(path: Path) -> None:
    gc.collect()
    # glibc keeps up to 64 MiB of what was freed: how much is chance, and grows with floods.
    ctypes.CDLL(None).malloc_trim(0)
    whole = path.with_suffix(".new")
    whole.write_text("".join(f"{task.get_name()}\n" for task in asyncio.all_tasks()))
    whole.replace(path)


async def serve_and_list(
    settings: Settings, state: StateFolder, timings: Timings, *, for_owner: bool
) -> None:
    path = Path(os.environ["SOAK_TASKS"])
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, list_tasks, path)
    await serve(settings, state, timings, for_owner=for_owner)


if __name__ == "__main__":
    server._serve = serve_and_list
    sys.exit(server.main(timings=parse_timings(os.environ["TEST_TIMINGS"])))
