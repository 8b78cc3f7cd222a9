"""A real server as a process, which tests stop, kill and start."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from cellblock_client.embedded import SERVER
from tests.support.buckets import blob_environment
from tests.support.databases import store_environment
from tests.support.engine import remove_containers
from tests.support.forked import ForkedProcess, start_forked
from tests.support.images import ENVIRONMENT
from tests.support.programs import forkable_server

START_SECONDS = 30
STOP_SECONDS = 60
"""Longer than a server gives calls in flight, and than an engine that is busy needs then."""


class ServerProcess:
    """A server on one state folder; can be started again after its end.

    A fork server starts it, which has imported it. With `own_interpreter`, it is started as users
    start it: for tests of what a process has, such as its command line and its memory.
    """

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str] | None = None,
        command: Sequence[str] = SERVER,
        *,
        own_interpreter: bool = False,
    ) -> None:
        self.state = folder / "state"
        # Unix sockets' paths have at most 107 bytes, which pytest's folders may exceed.
        self.listen = "127.0.0.1:0"
        self.address = ""
        self.console = ""
        """Address of the web console; empty if the environment does not enable it."""
        self.log = folder / "server.log"
        self.environment = dict(environment or {})
        self.command = command
        self.own_interpreter = own_interpreter
        self._process: subprocess.Popen[str] | ForkedProcess | None = None

    def start(self) -> str:
        """Start the server; return its address."""
        self.launch()
        return self.until_ready()

    def launch(self) -> None:
        """Start the server without waiting for it."""
        program = None if self.own_interpreter else forkable_server(self.command)
        arguments = [f"--listen={self.listen}", f"--state-dir={self.state}"]
        environment = {
            **os.environ,
            "CELLBLOCK_LOG__FORMAT": "json",
            **ENVIRONMENT,
            **store_environment(self.state),
            **blob_environment(self.state),
            **self.environment,
        }
        with self.log.open("a") as log, Path(os.devnull).open() as nothing:
            if program is None:
                self._process = subprocess.Popen(
                    [*self.command, *arguments],
                    stdin=nothing,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                    env=environment,
                )
            else:
                self._process = start_forked(
                    program,
                    arguments,
                    stdin=nothing.fileno(),
                    stdout=subprocess.PIPE,
                    stderr=log.fileno(),
                    env=environment,
                )

    def until_ready(self) -> str:
        """Wait until the server is ready; return its address."""
        assert self._process is not None
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line.startswith("ready "), self.log.read_text()
        self.address = line.split()[1]
        if "CELLBLOCK_CONSOLE__LISTEN" in self.environment:
            self.console = self._process.stdout.readline().removeprefix("console ").strip()
        return self.address

    @property
    def pid(self) -> int:
        """Process id of the running server."""
        assert self._process is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it was started and has not been ended."""
        return self._process is not None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process."""
        assert self._process is not None
        self._process.send_signal(number)

    def wait(self, seconds: float = STOP_SECONDS) -> int:
        """Wait for the end of the process; return the exit code."""
        assert self._process is not None
        code = self._process.wait(seconds)
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process = None
        return code

    def kill(self) -> None:
        """Kill the process with SIGKILL."""
        self.signal(signal.SIGKILL)
        self.wait()

    def stop(self) -> int:
        """Ask the server to end; return its exit code."""
        self.signal(signal.SIGTERM)
        return self.wait()

    def end(self) -> None:
        """Stop the server if it runs and remove all that it left, whatever its state."""
        if self._process is not None:
            self.kill()
        if self.environment.get("CELLBLOCK_SANDBOX__BACKEND") == "local":
            self._end_local_sandboxes()
        elif (self.state / "instance").exists():
            # By its label: starting it a second time for that takes as long as many a test.
            remove_containers((self.state / "instance").read_text())

    def _end_local_sandboxes(self) -> None:
        self.environment["CELLBLOCK_SESSIONS__END_ON_SHUTDOWN"] = "true"
        self.start()
        assert self.stop() == 0
