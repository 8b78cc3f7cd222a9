"""Forks programs from a process that has imported them, for tests that start many of them.

Importing the server takes a second of CPU time, and importing the CLI half of one. A program
started here is a process with its own arguments, environment, directory and standard streams,
but `/proc/PID/cmdline` is the fork server's. It starts no thread and opens no gRPC channel before
it forks.

Run by `tests/support/forked.py` as a script, with the descriptor of its end of a socket and the
modules to import. Each message is JSON of a `Start` with four descriptors: standard input, output,
error, and a socket on which the fork server sends the process id, and later the exit code. If it
can't fork, it sends the negative error number instead.
"""

import errno
import gc
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import FrameType

MAX_MESSAGE = 2**17


@dataclass(frozen=True)
class Start:
    """The program to start."""

    program: str
    """A script's path, or a module whose `main` returns the exit code."""
    arguments: list[str]
    """The first is the program's own name."""
    environment: dict[str, str]
    directory: str
    new_session: bool


class ForkServer:
    """Forks a process for each message, and reports how it ended."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._reports: dict[int, socket.socket] = {}
        self._woken, self._wake = os.pipe()
        for end in (self._woken, self._wake):
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, _do_nothing)
        # Ctrl-C is for those who have started it.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.set_wakeup_fd(self._wake)

    def serve(self) -> tuple[Start, list[int]] | None:
        """Return None when the other end is closed, or in a forked process what it has to be."""
        with selectors.DefaultSelector() as selector:
            for source in (self._control, self._woken):
                selector.register(source, selectors.EVENT_READ)
            while True:
                ready = [key.fileobj for key, _events in selector.select()]
                if self._woken in ready:
                    os.read(self._woken, MAX_MESSAGE)
                    self._report_ends()
                if self._control in ready:
                    message, descriptors, _flags, _address = socket.recv_fds(
                        self._control, MAX_MESSAGE, 4
                    )
                    if not message:
                        return None
                    *streams, report = descriptors
                    self._reports[0] = socket.socket(fileno=report)
                    try:
                        pid = os.fork()
                    except OSError as error:
                        pid = -(error.errno or errno.EAGAIN)
                    if pid == 0:
                        return Start(**json.loads(message)), streams
                    for descriptor in streams:
                        os.close(descriptor)
                    self._reports[pid] = self._reports.pop(0)
                    self._report(pid, pid)
                    if pid < 0:
                        self._reports.pop(pid).close()

    def forget(self) -> None:
        """Close all that belongs to the fork server, in a forked process."""
        for held in (self._control, *self._reports.values()):
            held.close()
        signal.set_wakeup_fd(-1)
        for end in (self._woken, self._wake):
            os.close(end)

    def _report_ends(self) -> None:
        while self._reports:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            self._report(pid, os.waitstatus_to_exitcode(status))
            self._reports.pop(pid).close()

    def _report(self, pid: int, number: int) -> None:
        try:
            self._reports[pid].send(str(number).encode())
        except (BrokenPipeError, ConnectionResetError):
            # The test has ended without waiting for it.
            return


def _do_nothing(_number: int, _frame: FrameType | None) -> None:
    """Handle a signal by doing nothing, so that it is written to the wakeup descriptor."""


def _become(start: Start, streams: list[int]) -> Callable[[], object]:
    """Turn this process into what `start` says; return what it has to run."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if start.new_session:
        os.setsid()
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(start.environment)
    time.tzset()
    os.chdir(start.directory)
    sys.argv = start.arguments
    if start.program.endswith(".py"):
        return partial(runpy.run_path, start.program, run_name="__main__")
    run: Callable[[], object] = importlib.import_module(start.program).main
    return run


def main() -> object:
    """Serve; in a forked process, run the program. As the last thing that this process does."""
    control = socket.socket(fileno=int(sys.argv[1]))
    for module in sys.argv[2:]:
        importlib.import_module(module)
    # Keeps the collector from touching, and so copying, what is shared.
    gc.freeze()
    control.send(b"ready")
    server = ForkServer(control)
    started = server.serve()
    if started is None:
        return 0
    server.forget()
    return _become(*started)()


if __name__ == "__main__":
    sys.exit(main())  # type: ignore[arg-type]
