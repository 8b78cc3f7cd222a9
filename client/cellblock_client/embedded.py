"""Embedded server: runs for a block of code, and is removed with everything that it created."""

import os
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from cellblock_client.errors import Error

START_SECONDS = 30
STOP_SECONDS = 60
SERVER = (sys.executable, "-P", "-m", "cellblock_server.main")
"""Command that starts a server.

`-P`: a module in the current directory, which may have files of a sandbox, must not replace one of
the server's.
"""
REMOVAL = (sys.executable, "-P", "-m", "cellblock_server.common.removal")
"""Command that removes a directory that code in sandboxes has filled, whatever its modes are."""
TAIL_LINES = 20
"""Number of lines of the server's log that explain a failed start."""


class EmbeddedServerError(Error):
    """Error of a server that could not be started."""


@contextmanager
def embedded_server(backend: str | None = None, *, state_dir: Path | None = None) -> Iterator[str]:
    """Run a server as a child process; yields its address.

    It listens on a Unix socket that only this user can reach. When the block is left, or this
    process ends in any way, the server stops, its sessions end, and its files are removed unless
    `state_dir` says where to keep them. Raises EmbeddedServerError.
    """
    if find_spec("cellblock_server") is None:
        raise EmbeddedServerError(
            "no server is configured, and none is installed here: "
            "pip install 'cellblock[server]', or set CELLBLOCK_ADDRESS"
        )
    # Short, because a Unix socket's path has at most 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="cellblock-"))
    try:
        arguments = ["--embedded", str(folder)]
        if state_dir:
            arguments += ["--state-dir", str(state_dir)]
        if backend:
            arguments += ["--backend", backend]
        with _running(arguments) as address:
            yield address
    finally:
        # The server removes it when it ends, unless it did not start or was killed.
        if folder.exists():
            removal = subprocess.run([*REMOVAL, str(folder)], stderr=subprocess.DEVNULL)  # noqa: S603
            if removal.returncode:
                sys.stderr.write(f"{folder} could not be removed\n")


@contextmanager
def _running(arguments: list[str]) -> Iterator[str]:
    environment = {
        "CELLBLOCK_LOG__LEVEL": "warning",
        "CELLBLOCK_SERVER__DRAIN_TIMEOUT": "1",
        **os.environ,
    }
    process = subprocess.Popen(  # noqa: S603 - our own module
        [*SERVER, *arguments],
        # Open until the server is to stop. When this process dies, it is closed, too.
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        # A Ctrl-C in the terminal is for the program that uses the server, not for the server.
        start_new_session=True,
    )
    log = _ServerLog(process.stderr)
    log.reader.start()
    try:
        address = _wait_until_ready(process, log)
        log.show()
        yield address
    finally:
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.reader.join()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def _wait_until_ready(process: "subprocess.Popen[str]", log: "_ServerLog") -> str:
    """Wait until the server is ready, and return its address."""
    watchdog = threading.Timer(START_SECONDS, process.kill)
    watchdog.start()
    try:
        line = process.stdout.readline() if process.stdout else ""
    finally:
        watchdog.cancel()
    if not line.startswith("ready "):
        process.wait()
        log.reader.join()
        raise EmbeddedServerError(f"the server did not start: {log.tail().strip()}")
    return line.split()[1]


class _ServerLog:
    """Server's standard error: stored while it starts, forwarded afterwards."""

    def __init__(self, stream: IO[str] | None) -> None:
        self._stream = stream
        self._kept: deque[str] | None = deque(maxlen=TAIL_LINES)
        self._lock = threading.Lock()
        self.reader = threading.Thread(target=self._read, daemon=True)

    def tail(self) -> str:
        return "".join(self._kept or ())

    def show(self) -> None:
        with self._lock:
            sys.stderr.write(self.tail())
            self._kept = None

    def _read(self) -> None:
        for line in self._stream or ():
            with self._lock:
                if self._kept is None:
                    sys.stderr.write(line)
                else:
                    self._kept.append(line)
