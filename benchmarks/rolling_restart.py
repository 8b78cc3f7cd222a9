"""Seconds that each kind of caller loses when the server is restarted under load.

Run it with `python -m benchmarks.rolling_restart`; it starts a server of its own.
"""

import os
import signal
import subprocess
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cellblock_client import Client, Error
from cellblock_client.embedded import SERVER
from cellblock_client.events import Stdout

SETTLE_SECONDS = 2.0
"""Seconds that the callers work before the restart, and after it."""
BEGIN_SECONDS = 60.0
JOIN_SECONDS = 60.0
NEW_CLIENT_PAUSE_SECONDS = 0.2
OUTPUT_LINES = 60
LONG_CODE = "import time\nfor n in range({}):\n    print(n, flush=True)\n    time.sleep(0.1)"
UPLOAD_PIECES = 60
UPLOAD_PIECE_BYTES = 2**16


@dataclass
class Outcome:
    """Calls of one kind of caller: the longest of them, and those that failed."""

    calls: int = 0
    longest_seconds: float = 0.0
    failures: list[str] = field(default_factory=list)


class RestartLoad:
    """Callers of each kind, all at work at the same time, on a server that someone restarts."""

    def __init__(
        self, address: str, output_lines: int = OUTPUT_LINES, retry_for: float | None = None
    ) -> None:
        """Call the server at `address`, with clients that have this `retry_for`.

        Code that is followed prints a line each 0.1 s.
        """
        self._retry_for = retry_for
        self._output_lines = output_lines
        self._address = address
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._callers = [
            self._run_code,
            self._run_code,
            self._create_sessions,
            self._follow_long_code,
            self._watch_run_steps,
            self._upload,
            self._start_clients,
        ]
        self._all_begin = threading.Barrier(len(self._callers) + 1, timeout=BEGIN_SECONDS)
        self.outcomes: defaultdict[str, Outcome] = defaultdict(Outcome)

    def run(self, restart: Callable[[], None], settle_seconds: float = SETTLE_SECONDS) -> None:
        """Have all callers work, call `restart`, and wait for each caller's end."""
        threads = [threading.Thread(target=caller) for caller in self._callers]
        for thread in threads:
            thread.start()
        self._all_begin.wait()
        time.sleep(settle_seconds)
        restart()
        time.sleep(settle_seconds)
        self._stopped.set()
        for thread in threads:
            thread.join(JOIN_SECONDS)
            if thread.is_alive():
                raise TimeoutError(f"a caller still waits {JOIN_SECONDS:g} s after the restart")

    def _client(self) -> Client:
        return Client(self._address, retry_for=self._retry_for)

    def _measure(self, kind: str, call: Callable[[], object]) -> None:
        start = time.monotonic()
        failure = ""
        try:
            call()
        except Error as error:
            failure = f"{type(error).__name__}: {error}"
        seconds = time.monotonic() - start
        with self._lock:
            outcome = self.outcomes[kind]
            outcome.calls += 1
            outcome.longest_seconds = max(outcome.longest_seconds, seconds)
            if failure:
                outcome.failures.append(f"{failure} (after {seconds:.1f} s)")

    def _run_code(self) -> None:
        with self._client() as client:
            session = client.sessions.create()
            self._all_begin.wait()
            while not self._stopped.is_set():
                self._measure("run `1+1`", lambda: session.run("1+1"))
            session.delete()

    def _create_sessions(self) -> None:
        with self._client() as client:
            self._all_begin.wait()
            while not self._stopped.is_set():
                self._measure("create and delete", lambda: client.sessions.create().delete())

    def _start_clients(self) -> None:
        self._all_begin.wait()
        while not self._stopped.wait(NEW_CLIENT_PAUSE_SECONDS):
            self._measure("new client", self._list_once)

    def _list_once(self) -> None:
        with self._client() as client:
            list(client.sessions.list())

    def _follow_long_code(self) -> None:
        with self._client() as client:
            session = client.sessions.create()
            code = LONG_CODE.format(self._output_lines)
            expected = [str(number) for number in range(self._output_lines)]

            def follow() -> None:
                events = session.execute(code)
                lines = "".join(event.text for event in events if isinstance(event, Stdout)).split()
                if lines != expected:
                    raise Error(f"lines are missing: {lines}")

            self._all_begin.wait()
            while not self._stopped.is_set():
                self._measure(f"follow {self._output_lines / 10:g} s of output", follow)
            session.delete()

    def _watch_run_steps(self) -> None:
        with self._client() as client:
            session = client.sessions.create()

            def watch() -> None:
                for _event in client.run_steps.watch(session_id=session.id):
                    pass

            watching = threading.Thread(target=lambda: self._measure("watch idle run steps", watch))
            watching.start()
            self._all_begin.wait()
            self._stopped.wait()
            session.delete()
            watching.join(JOIN_SECONDS)

    def _upload(self) -> None:
        with tempfile.TemporaryDirectory() as folder, self._client() as client:
            path = Path(folder) / "data.bin"
            path.write_bytes(os.urandom(UPLOAD_PIECES * UPLOAD_PIECE_BYTES))
            self._all_begin.wait()
            while not self._stopped.is_set():
                self._measure("upload 4 MB", lambda: client.files.upload(path))


class Server:
    """A server on a Unix socket in a folder of its own, which can be restarted."""

    def __init__(self, folder: Path) -> None:
        """Serve from `folder`."""
        self.address = f"unix:{folder}/server"
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        with (self._folder / "log").open("a") as log:
            self._process = subprocess.Popen(
                [*SERVER, f"--listen={self.address}", f"--state-dir={self._folder}/state"],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        stdout = self._process.stdout
        if stdout is None or not stdout.readline().startswith("ready "):
            raise RuntimeError((self._folder / "log").read_text())

    def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait()


def report(outcomes: dict[str, Outcome]) -> Iterator[str]:
    """Lines of a table of what each kind of caller met."""
    yield f"{'caller':24} {'calls':>6} {'longest':>9}  failed"
    for kind, outcome in sorted(outcomes.items()):
        yield (
            f"{kind:24} {outcome.calls:6} {outcome.longest_seconds:7.2f} s  "
            f"{len(outcome.failures)} {'; '.join(sorted(set(outcome.failures)))}"
        )


def main() -> None:
    """Restart a server under load, and print what its callers met."""
    with tempfile.TemporaryDirectory(prefix="cellblock-") as folder:
        server = Server(Path(folder))
        server.start()
        load = RestartLoad(server.address)
        seconds: list[float] = []

        def restart() -> None:
            for step in (server.stop, server.start):
                begun = time.monotonic()
                step()
                seconds.append(time.monotonic() - begun)

        try:
            load.run(restart)
        finally:
            server.stop()
        print(f"stop {seconds[0]:.2f} s, start {seconds[1]:.2f} s")
        print("\n".join(report(load.outcomes)))


if __name__ == "__main__":
    main()
