"""The kernel: an ipykernel in a process that was forked with its modules loaded.

Everything in this process belongs to the user's code from its first cell on.
"""

import logging
import os
import sys
import threading
import traceback
from contextvars import copy_context
from pathlib import Path
from typing import NoReturn

import zmq
from ipykernel.kernelapp import IPKernelApp
from traitlets.config import Config

from cellblock_agent.kernel.message_bounds import MessageBounds
from cellblock_agent.kernel.options import PORTS, KernelOptions
from cellblock_agent.kernel.upstream.publisher import Publisher
from cellblock_agent.kernel.upstream.shell import CellCompiler, Shell, UnattendedKernel
from cellblock_agent.processes.confinement import confine_for_good
from cellblock_agent.processes.own_process import (
    give_way,
    limit_processes,
    prefer_for_oom_kill,
    reset_signals,
    set_dumpable,
)

OUTPUT_QUEUE = 64
"""Messages of output that wait for the agent; then the kernel waits."""
LINGER_MILLISECONDS = 1000
"""How long a socket that is closed may take to send what it has."""


class _NoThread:
    """In place of the thread that takes requests, whose parent ipykernel asks for in any case."""

    def __init__(self) -> None:
        self.parent_thread = threading.current_thread()

    def __bool__(self) -> bool:
        return False


class KernelApp(IPKernelApp):
    """ipykernel's application, without the parts that only a notebook server needs."""

    kernel_class = UnattendedKernel
    message_bounds = MessageBounds()
    """What its agent reads of one message."""

    def parse_command_line(self, argv: list[str] | None = None) -> None:
        """There is none."""
        self.argv = []

    def load_config_file(self, *_arguments: object, **_options: object) -> None:
        """All is set by whoever starts it; what a user's code leaves at home must not count."""

    def init_profile_dir(self) -> None:
        """Have the folder that the shell found."""
        self.profile_dir = Shell.instance().profile_dir

    def init_path(self) -> None:
        """Let code import its own modules from the working folder, after Python's own.

        IPython would do so but for `-I`, which the agent and the fork server need.
        """
        packages = (place for place, path in enumerate(sys.path) if _has_packages(path))
        sys.path.insert(next(packages, 0), "")
        if installed := os.environ.get("PIP_TARGET"):
            # Made now: Python forgets a place that is not there when it first looks.
            Path(installed).mkdir(parents=True, exist_ok=True)
            # Last: what comes with the image is not replaced by another version of it.
            sys.path.append(installed)

    def init_connection_file(self) -> None:
        """Both sides know the connection already."""

    def write_connection_file(self, **_options: object) -> None:
        """Both sides know the connection already."""

    def cleanup_connection_file(self) -> None:
        """There is none."""

    def init_heartbeat(self) -> None:
        """The agent sees a kernel's death from its process."""

    def init_control(self, context: "zmq.Context[zmq.Socket[bytes]]") -> None:
        """Take requests in the thread that runs them: nobody asks for cells side by side."""
        super().init_control(context)
        self.shell_channel_thread.io_loop.close(all_fds=True)
        self.shell_channel_thread = _NoThread()

    def init_iopub(self, context: "zmq.Context[zmq.Socket[bytes]]") -> None:
        """Send output by our own thread."""
        socket = context.socket(zmq.XPUB)
        # A full queue holds up the writer; ZeroMQ would drop output otherwise.
        socket.setsockopt(zmq.XPUB_NODROP, 1)
        socket.setsockopt(zmq.SNDHWM, OUTPUT_QUEUE)
        socket.linger = LINGER_MILLISECONDS
        self.iopub_port = self._bind_socket(socket, self.iopub_port)
        self.configure_tornado_logger()
        self.iopub_thread = Publisher(socket, pipe=True, session=self.session)
        self.iopub_thread.bounds = self.message_bounds
        self.iopub_thread.start()
        self.iopub_socket = self.iopub_thread.background_socket


def make_shell() -> None:
    """Make the shell of all kernels that will be forked from this process."""
    Shell.instance(config=_shell_config(), compiler_class=CellCompiler)


def run(options: KernelOptions) -> NoReturn:
    """Be a kernel; called in a fresh fork, never returns."""
    errors = os.dup(2)
    try:
        _leave_parent(options)
        app = KernelApp.instance(config=_config(options))
        app.message_bounds = MessageBounds(options.memory_bytes)
        # Or else each message is written into debug records that nobody keeps.
        app.log.setLevel(logging.WARNING)
        app.initialize([])
        # From here on: ipykernel's own threads speak for whichever cell runs.
        inherit_context_in_threads()
        os.close(errors)
        app.start()
    except BaseException:  # noqa: BLE001 - told, and the process ends
        # Standard error is the user's by now.
        with os.fdopen(errors, "w") as parents:
            parents.write(traceback.format_exc())
        os._exit(1)
    os._exit(0)


def _has_packages(path: str) -> bool:
    return Path(path).name in ("site-packages", "dist-packages")


def inherit_context_in_threads() -> None:
    """Let a thread's output belong to the cell that started it, however late it comes.

    ipykernel keeps the cell in a context variable, and threads start without
    context; Python 3.14 has this as an option (`thread_inherit_context`).
    """
    start = threading.Thread.start

    def start_in_context(thread: threading.Thread) -> None:
        run, context = thread.run, copy_context()
        thread.run = lambda: context.run(run)  # type: ignore[method-assign]
        start(thread)

    threading.Thread.start = start_in_context  # type: ignore[assignment,method-assign]


def _leave_parent(options: KernelOptions) -> None:
    os.setsid()
    os.umask(0o022)
    reset_signals()
    set_dumpable(dumpable=True)
    give_way(options.niceness)
    if options.max_processes:
        limit_processes(options.max_processes)
    prefer_for_oom_kill()  # a process that is not dumpable may not write to its /proc
    if options.confined:
        confine_for_good()  # nothing below may write to /proc
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    os.close(nothing)
    os.chdir(options.data_dir)
    _seed_anew()


def _seed_anew() -> None:
    """Two kernels of one parent must not draw the same numbers; `random` sees to itself."""
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()


def _config(options: KernelOptions) -> Config:
    config = _shell_config()
    config.IPKernelApp.transport = "ipc"
    config.IPKernelApp.ip = options.sockets
    for name, port in PORTS.items():
        config.IPKernelApp[name] = port
    config.IPKernelApp.outstream_class = "cellblock_agent.kernel.upstream.stream.KernelStream"
    config.Session.key = options.key.encode()
    # A pause before each reply, for output to be sent; `KernelStream` sees to that.
    config.UnattendedKernel._execute_sleep = 0.0  # noqa: SLF001 - its name in ipykernel's docs
    return config


def _shell_config() -> Config:
    config = Config()
    # Nobody could read the history back, and SQLite would be opened for it.
    config.HistoryManager.enabled = False
    # `name?` and pagers: shown like any other output.
    config.InteractiveShell.display_page = True
    # It reads the sources of what is completed: over a second and 48 MB for the first names.
    # IPython's own completer looks at the objects, which are there.
    config.IPCompleter.use_jedi = False
    return config
