"""Starts programs by a fork server (`fork_server.py`) of this process, and waits for them.

Use it where a program's start is not the subject: its modules are imported already, and nothing
tells it from one that a shell starts but its command line in `/proc`.
"""

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from tests.support import fork_server
from tests.support.fork_server import Start

REPOSITORY = Path(__file__).parents[2]
READY_SECONDS = 60
FORK_SECONDS = 60
MAX_REPORT = 64


@dataclass(frozen=True)
class Program:
    """A program that can be forked."""

    name: str
    """The program's `sys.argv[0]`."""
    program: str
    """A script's path, or a module whose `main` returns the exit code."""
    imports: tuple[str, ...]
    """Modules that the fork server imports."""
    option: str = "-P"
    """The interpreter's."""


class ForkedProcess:
    """A forked program, with the methods of `subprocess.Popen` that tests need."""

    def __init__(self, report: socket.socket, stdout: IO[str] | None) -> None:
        self._report = report
        self.stdout = stdout
        self.returncode: int | None = None
        self.pid = _forked_pid(report)
        self._pidfd: int | None = None
        # A process that has already ended has none: its exit code is on its way.
        with suppress(ProcessLookupError):
            self._pidfd = os.pidfd_open(self.pid)

    def poll(self) -> int | None:
        """Return the exit code if the process has ended."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code. Raises subprocess.TimeoutExpired."""
        if self.returncode is None:
            # Not select(), which takes no descriptor above 1023.
            poll = select.poll()
            poll.register(self._report, select.POLLIN)
            if not poll.poll(None if timeout is None else timeout * 1000):
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
            self.returncode = int(self._report.recv(MAX_REPORT))
            self._report.close()
            if self._pidfd is not None:
                os.close(self._pidfd)
        return self.returncode

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal, unless the process has ended."""
        if self.returncode is None and self._pidfd is not None:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, number)

    def terminate(self) -> None:
        """Send SIGTERM, unless the process has ended."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL, unless the process has ended."""
        self.send_signal(signal.SIGKILL)


def _forked_pid(report: socket.socket) -> int:
    """Return the reported process id. Raises OSError if the fork server could not fork."""
    report.settimeout(FORK_SECONDS)
    try:
        reported = report.recv(MAX_REPORT)
        if not reported:
            raise ChildProcessError("the fork server has ended")
        pid = int(reported)
        if pid < 0:
            raise OSError(-pid, f"the fork server can't fork: {os.strerror(-pid)}")
    except OSError:
        report.close()
        raise
    report.settimeout(None)
    return pid


class _Forker:
    """The test process's end of one fork server."""

    def __init__(self, option: str, imports: Sequence[str]) -> None:
        self._lock = threading.Lock()
        self._control, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        own = {name: value for name, value in os.environ.items() if "CELLBLOCK" not in name}
        with closing(its):
            self._process = subprocess.Popen(
                [sys.executable, option, fork_server.__file__, str(its.fileno()), *imports],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[its.fileno()],
                cwd="/",
                env={**own, "PYTHONPATH": str(REPOSITORY)},
            )
        self._control.settimeout(READY_SECONDS)
        assert self._control.recv(MAX_REPORT) == b"ready"
        self._control.settimeout(None)

    def start(self, start: Start, streams: Sequence[int]) -> socket.socket:
        """Fork a program; return the socket with what is reported of it."""
        ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            with closing(its), self._lock:
                message = json.dumps(asdict(start)).encode()
                socket.send_fds(self._control, [message], [*streams, its.fileno()])
        except OSError:
            ours.close()
            raise
        return ours

    def has_ended(self) -> bool:
        """Return whether the fork server is no longer there."""
        return self._process.poll() is not None

    def end(self) -> None:
        """End the fork server; what it has forked goes on."""
        self._control.close()
        self._process.wait(READY_SECONDS)


_forkers: dict[tuple[str, ...], _Forker] = {}
"""Fork servers, by the interpreter's option and the imports."""
_forkers_lock = threading.Lock()


def start_forked(
    program: Program,
    arguments: Sequence[str],
    *,
    stdin: int,
    stdout: int,
    stderr: int,
    env: Mapping[str, str],
    cwd: Path | None = None,
    new_session: bool = False,
) -> ForkedProcess:
    """Start a program; standard streams are descriptors, and stdout may be `subprocess.PIPE`."""
    start = Start(
        program.program,
        [program.name, *arguments],
        dict(env),
        str(cwd or Path.cwd()),
        new_session,
    )
    reader: IO[str] | None = None
    if stdout == subprocess.PIPE:
        readable, stdout = os.pipe()
        reader = os.fdopen(readable)
        try:
            report = _forker(program).start(start, [stdin, stdout, stderr])
        except OSError:
            reader.close()
            raise
        finally:
            os.close(stdout)
    else:
        report = _forker(program).start(start, [stdin, stdout, stderr])
    try:
        return ForkedProcess(report, reader)
    except OSError:
        if reader is not None:
            reader.close()
        raise


def run_forked(
    program: Program,
    arguments: Sequence[str],
    *,
    input: str = "",  # noqa: A002 - as of subprocess.run
    timeout: float,
    env: Mapping[str, str],
    cwd: Path | None = None,
) -> "subprocess.CompletedProcess[str]":
    """Run a program to its end, as `subprocess.run` with captured output does."""
    with (
        tempfile.TemporaryFile("w+") as stdin,
        tempfile.TemporaryFile("w+") as stdout,
        tempfile.TemporaryFile("w+") as stderr,
    ):
        stdin.write(input)
        stdin.seek(0)
        process = start_forked(
            program,
            arguments,
            stdin=stdin.fileno(),
            stdout=stdout.fileno(),
            stderr=stderr.fileno(),
            env=env,
            cwd=cwd,
        )
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        for stream in (stdout, stderr):
            stream.seek(0)
        command = [program.name, *arguments]
        return subprocess.CompletedProcess(command, code, stdout.read(), stderr.read())


def _forker(program: Program) -> _Forker:
    key = (program.option, *program.imports)
    with _forkers_lock:
        if key in _forkers and _forkers[key].has_ended():
            ended = _forkers.pop(key)
            atexit.unregister(ended.end)
            ended.end()
        if key not in _forkers:
            _forkers[key] = _Forker(program.option, program.imports)
            atexit.register(_forkers[key].end)
        return _forkers[key]
