"""Server of a benchmark, with the ids of its processes."""

import json
import os
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from cellblock_client import Client
from cellblock_client.embedded import SERVER

INSTANCE_LABEL = "dev.cellblock.instance"
POOL_SECONDS = 120
STOP_SECONDS = 60


class PoolLog:
    """Reader of the server's log: counts pooled sandboxes, and prints warnings."""

    def __init__(self, stream: IO[str], size: int) -> None:
        """Read the log, JSON lines, of a server whose pool is to have `size`."""
        self._stream, self._size = stream, size
        self._waiting: set[str] = set()
        self._changed = threading.Condition()
        self.reader = threading.Thread(target=self._read)

    def until_full(self) -> None:
        """Wait until `size` sandboxes wait for sessions. Raises TimeoutError."""
        with self._changed:
            full = self._changed.wait_for(lambda: len(self._waiting) >= self._size, POOL_SECONDS)
        if not full:
            raise TimeoutError(f"{len(self._waiting)} of {self._size} wait after {POOL_SECONDS} s")

    def _read(self) -> None:
        for line in self._stream:
            try:
                entry = json.loads(line)
            except json.JSONDecodeError:
                # The last message of a server that can't start.
                print(line, end="")
                continue
            with self._changed:
                match entry["event"]:
                    case "sandbox_waits":
                        self._waiting.add(entry["sandbox_id"])
                    case "session_created":
                        self._waiting.discard(entry["sandbox_id"])
                self._changed.notify_all()
            if entry["level"] not in ("debug", "info"):
                print(line, end="")


@dataclass(frozen=True)
class Service:
    """Running server with its client."""

    client: Client
    server_pid: int
    instance: str
    state: Path
    """State directory of the server."""
    pool: PoolLog

    def only_agent_pid(self) -> int:
        """Return the host's id of the agent, PID 1 of the server's only container."""
        label = f"label={INSTANCE_LABEL}={self.instance}"
        (container,) = docker("ps", "--quiet", "--filter", label).split()
        return int(docker("inspect", "--format", "{{.State.Pid}}", container))

    def until_pool_is_full(self) -> None:
        """Wait until the pool is full. Raises TimeoutError."""
        self.pool.until_full()


@contextmanager
def service(pool_size: int = 0, *, image: str = "") -> Iterator[Service]:
    """Run a server with the docker backend; delete sessions and files when the block is left.

    `image` of sandboxes, if not the default one. Other settings have their defaults, except that
    the pool does not grow by demand, which would disturb measurements.
    """
    settings = {
        "CELLBLOCK_POOL__SIZE": str(pool_size),
        "CELLBLOCK_POOL__MAX_SIZE": str(pool_size),
        "CELLBLOCK_SESSIONS__END_ON_SHUTDOWN": "true",
        "CELLBLOCK_AUTH__REQUIRED": "false",
        "CELLBLOCK_LOG__FORMAT": "json",
        "CELLBLOCK_LOG__LEVEL": "info",
        **({"CELLBLOCK_SANDBOX__IMAGE": image} if image else {}),
    }
    # Short, because a Unix socket's path has at most 107 bytes.
    with (
        tempfile.TemporaryDirectory(prefix="cellblock-") as folder,
        _running(Path(folder), settings, pool_size) as (process, address, pool),
        Client(address) as client,
    ):
        state = Path(folder) / "state"
        yield Service(client, process.pid, (state / "instance").read_text(), state, pool)


@contextmanager
def _running(
    folder: Path, settings: Mapping[str, str], pool_size: int
) -> Iterator[tuple["subprocess.Popen[str]", str, PoolLog]]:
    arguments = [f"--listen=unix:{folder / 'server.sock'}", f"--state-dir={folder / 'state'}"]
    process = subprocess.Popen(
        [*SERVER, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **settings},
        # A Ctrl-C is for the benchmark, which stops the server.
        start_new_session=True,
    )
    if process.stdout is None or process.stderr is None:
        raise RuntimeError("the server's streams are no pipes")
    pool = PoolLog(process.stderr, pool_size)
    pool.reader.start()
    try:
        line = process.stdout.readline()
        if not line.startswith("ready "):
            raise RuntimeError("the server did not start; what it said is above")
        yield process, line.split()[1], pool
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        finally:
            process.kill()
            pool.reader.join()
            process.stdout.close()
            process.stderr.close()


def docker(*arguments: str, stdin: str = "") -> str:
    """Return the output of a docker command."""
    done = subprocess.run(
        ["docker", *arguments], check=True, stdout=subprocess.PIPE, text=True, input=stdin
    )
    return done.stdout.strip()
