"""Counts of a server's resources that could leak."""

import signal
from pathlib import Path

import psutil
from sqlalchemy import inspect, text

from tests.support.databases import NAME, database_of
from tests.support.engine import containers, docker
from tests.support.memory import MIB, resident
from tests.support.processes import descriptors
from tests.support.server import ServerProcess
from tests.support.waiting import until

Counts = dict[str, float]

POOL = 1
"""Sandboxes that wait for a session."""
FORGOTTEN = ("sessions", "executions", "events", "files", "uploads", "audit")
"""Tables that are empty when there were no calls for a while."""

GROWTH: Counts = {
    "file descriptors": 12,
    "threads": 8,
    "tasks": 5,
    "memory, MiB": 24,
    "containers": 0,
    "volumes": 0,
    "sockets": 0,
    "sandboxes' folders": 0,
    "temporary files": 0,
    "stored files": 0,
    "rows": 5,
    "database in use, MiB": 1,
    "database, MiB": 64,
}
"""Maximum growth of each count between the warm-up and the end, when the server is idle.

The length of the run doesn't matter. Threads and their database connections start on first use,
and allocators keep freed memory. A database's files are as long as the most that was ever
stored together, which depends on how floods coincide.
"""


class Counted:
    """A server of `tests.soak.server`, and where it keeps things."""

    def __init__(
        self, process: ServerProcess, tasks: Path, temporary: Path, pool: int = POOL
    ) -> None:
        self._process = process
        self._pool = pool
        self._tasks = tasks
        self._temporary = temporary
        self._state = process.state

    def counts(self) -> Counts:
        """Return all current counts."""
        instance = (self._state / "instance").read_text()
        label = f"label=dev.cellblock.instance={instance}"
        pid = self._process.pid
        return {
            "file descriptors": descriptors(pid),
            "threads": psutil.Process(pid).num_threads(),
            # Before memory: it gives back what is only kept.
            "tasks": len(self._dumped_tasks()),
            "memory, MiB": self.memory(),
            "containers": len(containers(instance)),
            "volumes": len(docker("volume", "ls", "--quiet", "--filter", label).split()),
            "sockets": sum(path.is_socket() for path in self._state.rglob("*")),
            "sandboxes' folders": len(list((self._state / "run").iterdir())),
            "temporary files": len(list(self._temporary.iterdir())),
            "stored files": sum(path.is_file() for path in (self._state / "blobs").rglob("*")),
            "rows": sum(self.rows().values()),
            **self._sizes(),
        }

    def memory(self) -> float:
        """Return the current memory, in MiB."""
        return resident(self._process.pid)

    def is_idle(self) -> bool:
        """Whether the server is idle, and has deleted all data that is no longer needed."""
        rows = self.rows()
        waits = len(list((self._state / "run").iterdir())) == self._pool
        return waits and not any(rows[name] for name in FORGOTTEN)

    def rows(self) -> dict[str, int]:
        """Return the number of rows of each table."""
        with database_of(self._state) as database:
            return {
                name: int(database.execute(text(f'SELECT count(*) FROM "{name}"')).scalar_one())
                for name in sorted(inspect(database).get_table_names())
            }

    def _sizes(self) -> Counts:
        with database_of(self._state) as database:
            if database.dialect.name != "sqlite":
                # When room is used again is its own affair, and off in PostgreSQL for tests.
                return {}
            size, count, free = (
                int(database.exec_driver_sql(f"PRAGMA {name}").scalar_one())
                for name in ("page_size", "page_count", "freelist_count")
            )
        files = sum(path.stat().st_size for path in self._state.glob(f"{NAME}*"))
        return {
            "database in use, MiB": size * (count - free) / MIB,
            "database, MiB": files / MIB,
        }

    def _dumped_tasks(self) -> list[str]:
        self._tasks.unlink(missing_ok=True)
        self._process.signal(signal.SIGUSR1)
        until(self._tasks.exists)
        return self._tasks.read_text().splitlines()
