"""Fork server: imports the modules of all kernels once, and forks kernels from there.

It is a process of its own with one thread: a fork of a process with several threads can leave locks
held for ever. It exchanges JSON with the agent over an inherited socket. It receives `{"start":
options}` and sends `{"ready": modules that could not be imported}`, `{"started": pid}` and
`{"exited": pid, "status": wait status}`.
"""

import argparse
import gc
import importlib
import json
import os
import select
import shutil
import signal
import socket
import sys
import traceback
from pathlib import Path
from typing import Any, NoReturn

from cellblock_agent.kernel.libraries import hooks
from cellblock_agent.kernel.upstream.debugger import import_debugger_without_debugpy

MAX_MESSAGE = 65536
FONT_CACHE = Path("/opt/cellblock/matplotlib")
"""Font cache of the image, so that no session searches for fonts."""
KERNEL_MODULES = (
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.core.oinspect",
    "IPython.extensions.storemagic",
    "cellblock_agent.kernel.environment",
    "cellblock_agent.kernel.process",
    "cellblock_agent.kernel.upstream.stream",
    "faulthandler",
    "ipykernel.ipkernel",
    "ipykernel.zmqshell",
    "tornado.platform.asyncio",
)
"""Modules that a kernel imports while it starts: importing them here makes every start shorter."""


class ForkServer:
    """Server that forks kernels on request and reports their exits."""

    def __init__(self, control: socket.socket) -> None:
        """Serve the agent at the other end of `control`."""
        self._control = control
        self._woken, self._wake = os.pipe()
        for end in (self._woken, self._wake):
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        signal.set_wakeup_fd(self._wake)

    def serve(self) -> None:
        """Serve until the agent closes the socket."""
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        poll.register(self._woken, select.POLLIN)
        while True:
            ready = {descriptor for descriptor, _event in poll.poll()}
            if self._woken in ready:
                os.read(self._woken, MAX_MESSAGE)
                self._report_exits()
            if self._control.fileno() in ready:
                message = self._control.recv(MAX_MESSAGE)
                if not message:
                    return
                self.send({"started": self._fork(json.loads(message)["start"])})
                self._report_exits()

    def send(self, message: dict[str, Any]) -> None:
        """Send a message to the agent."""
        self._control.send(json.dumps(message).encode())

    def _fork(self, options: dict[str, Any]) -> int:
        pid = os.fork()
        if pid == 0:
            from cellblock_agent.kernel import process as kernel_process
            from cellblock_agent.kernel.options import KernelOptions

            self._control.close()
            os.close(self._woken)
            signal.set_wakeup_fd(-1)
            os.close(self._wake)
            kernel_process.run_kernel(KernelOptions(**options))
        return pid

    def _report_exits(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self.send({"exited": pid, "status": status})


def preload_modules(modules: list[str]) -> list[str]:
    """Import the modules of kernels; return which of `modules` could not be imported."""
    import_debugger_without_debugpy()
    for name in KERNEL_MODULES:
        importlib.import_module(name)
    missing = []
    for name in modules:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError:
            missing.append(name)
        except Exception:  # noqa: BLE001 - logged here, and raised again in code that imports it
            # A file that code left in the home directory must not prevent all further kernels.
            traceback.print_exc()
            missing.append(name)
    return missing


def prepare_environment() -> None:
    """Set environment variables that modules read when they are imported."""
    # Threads that a numeric library starts now would not exist in the kernels.
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    # pyarrow, which pandas imports, starts a thread for its allocator.
    os.environ.setdefault("JE_ARROW_MALLOC_CONF", "background_thread:false")
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    # Programs read the kernel's output: no colours, no pager.
    os.environ.update({"PAGER": "cat", "GIT_PAGER": "cat", "TERM": "dumb"})
    folder = Path.home() / ".config" / "matplotlib"
    os.environ["MPLCONFIGDIR"] = str(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if FONT_CACHE.is_dir():
            shutil.copytree(FONT_CACHE, folder, dirs_exist_ok=True)
    except OSError as error:
        # Code has filled its home directory or blocked a path: matplotlib works without the cache.
        sys.stderr.write(f"fork server: no font cache: {error}\n")


def serve_forked(control: socket.socket, modules: list[str]) -> NoReturn:
    """Run the fork server in a fresh fork of the agent; never return."""
    try:
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 0)
        os.close(nothing)
        os.chdir("/")
        run_fork_server(control, modules)
    except BaseException:  # noqa: BLE001 - logged, and the process ends
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)


def run_fork_server(control: socket.socket, modules: list[str]) -> None:
    """Import `modules` and those of all kernels, and serve until the agent closes the socket."""
    from cellblock_agent.processes.own_process import (
        OOM_SCORE_FORK_SERVER,
        prefer_for_oom_kill,
        set_dumpable,
    )

    # A process that is not dumpable may not write to its /proc. No user code runs here yet.
    set_dumpable(dumpable=True)
    prefer_for_oom_kill(OOM_SCORE_FORK_SERVER)
    set_dumpable(dumpable=False)
    server = ForkServer(control)
    prepare_environment()
    # Before the imports that it adapts.
    hooks.install()
    missing = preload_modules(modules)
    from cellblock_agent.kernel import process as kernel_process

    kernel_process.make_shell()
    threads = len(os.listdir("/proc/self/task"))  # noqa: PTH208 - no path is needed
    if threads != 1:
        raise RuntimeError(f"{threads} threads after the imports: forking would not be safe")
    gc.collect()
    # Keeps the collector from touching, and so copying, memory that is shared with kernels.
    gc.freeze()
    server.send({"ready": missing})
    server.serve()


def main(arguments: list[str]) -> None:
    """Run the fork server as a program."""
    parser = argparse.ArgumentParser(prog="cellblock_agent.kernel.forkserver")
    parser.add_argument("--control", type=int, required=True, metavar="FD")
    parser.add_argument("modules", nargs="*")
    parsed = parser.parse_args(arguments)
    run_fork_server(socket.socket(fileno=parsed.control), parsed.modules)


if __name__ == "__main__":
    main(sys.argv[1:])
