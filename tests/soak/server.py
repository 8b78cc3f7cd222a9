"""The real server, which looks every second for what is past its time, and tells of its tasks.

Run as a module, with the server's arguments. At SIGUSR1 it gives back the memory that its
allocator keeps, and writes the names of its tasks, a line each, to the file that `SOAK_TASKS`
names.
"""

import asyncio
import ctypes
import gc
import os
import signal
import sys
from datetime import timedelta
from functools import partial
from pathlib import Path

from cellblock_server import main as server
from cellblock_server.assembly import storage
from cellblock_server.auth import audit
from cellblock_server.config import Settings
from cellblock_server.retention import Retention
from cellblock_server.state_folder import StateFolder
from cellblock_server.timings import Timings

SECONDS = 1.0
serve = server._serve


def tell(path: Path) -> None:
    gc.collect()
    # glibc keeps up to 64 MiB of what was freed: how much is chance, and grows with floods.
    ctypes.CDLL(None).malloc_trim(0)
    whole = path.with_suffix(".new")
    whole.write_text("".join(f"{task.get_name()}\n" for task in asyncio.all_tasks()))
    whole.replace(path)


async def telling(
    settings: Settings, state: StateFolder, timings: Timings, *, for_owner: bool
) -> None:
    path = Path(os.environ["SOAK_TASKS"])
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, tell, path)
    await serve(settings, state, timings, for_owner=for_owner)


if __name__ == "__main__":
    server._serve = telling
    often = partial(Retention, pause=timedelta(seconds=SECONDS))
    setattr(storage, "Retention", often)  # noqa: B010 - it is not that module's own
    audit.HOUSEKEEPING_SECONDS = SECONDS
    sys.exit(server.main())
