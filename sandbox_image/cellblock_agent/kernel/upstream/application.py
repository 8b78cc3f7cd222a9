"""ipykernel's application, without the parts that only a notebook server needs."""

import os
import sys
import threading
from pathlib import Path

import zmq
from ipykernel.kernelapp import IPKernelApp
from traitlets.config import Config

from cellblock_agent.kernel.message_bounds import MessageBounds
from cellblock_agent.kernel.options import PORTS, KernelOptions
from cellblock_agent.kernel.upstream.publisher import Publisher
from cellblock_agent.kernel.upstream.shell import Shell, UnattendedKernel

OUTPUT_QUEUE = 64
"""Maximum number of output messages that wait for the agent; then the kernel waits."""
LINGER_MILLISECONDS = 1000
"""Longest time that a closed socket takes to send its remaining messages."""


class _NoThread:
    """Placeholder for the thread that receives requests; ipykernel reads its parent thread."""

    def __init__(self) -> None:
        self.parent_thread = threading.current_thread()

    def __bool__(self) -> bool:
        return False


class KernelApp(IPKernelApp):
    """ipykernel's application with the agent's connection, threads and import path."""

    kernel_class = UnattendedKernel
    message_bounds = MessageBounds()
    """Bounds of the messages that the agent reads."""

    def parse_command_line(self, argv: list[str] | None = None) -> None:
        """Ignore the command line: a forked kernel has none."""
        self.argv = []

    def load_config_file(self, *_arguments: object, **_options: object) -> None:
        """Ignore configuration files: user code can write them, and the agent sets everything."""

    def init_profile_dir(self) -> None:
        """Use the directory that the shell found."""
        self.profile_dir = Shell.instance().profile_dir

    def init_path(self) -> None:
        """Let code import its own modules from the working directory, after Python's own.

        IPython would do so without `-I`, which the agent and the fork server need.
        """
        packages = (index for index, path in enumerate(sys.path) if _has_packages(path))
        sys.path.insert(next(packages, 0), "")
        if installed := os.environ.get("PIP_TARGET"):
            # Python remembers that a directory did not exist when it first looked: create it now.
            Path(installed).mkdir(parents=True, exist_ok=True)
            # Last, so that it can't replace packages of the image by other versions.
            sys.path.append(installed)

    def init_connection_file(self) -> None:
        """Read no connection file: the options have the connection."""

    def write_connection_file(self, **_options: object) -> None:
        """Write no connection file: the agent has the connection."""

    def cleanup_connection_file(self) -> None:
        """Remove no connection file: there is none."""

    def init_heartbeat(self) -> None:
        """Start no heartbeat: the agent watches the kernel's process."""

    def init_control(self, context: "zmq.Context[zmq.Socket[bytes]]") -> None:
        """Receive requests in the thread that runs them: cells never run in parallel."""
        super().init_control(context)
        self.shell_channel_thread.io_loop.close(all_fds=True)
        self.shell_channel_thread = _NoThread()

    def init_iopub(self, context: "zmq.Context[zmq.Socket[bytes]]") -> None:
        """Send output with `Publisher` in place of ipykernel's thread."""
        socket = context.socket(zmq.XPUB)
        # A full queue blocks the writer; ZeroMQ would drop output otherwise.
        socket.setsockopt(zmq.XPUB_NODROP, 1)
        socket.setsockopt(zmq.SNDHWM, OUTPUT_QUEUE)
        socket.linger = LINGER_MILLISECONDS
        self.iopub_port = self._bind_socket(socket, self.iopub_port)
        self.configure_tornado_logger()
        self.iopub_thread = Publisher(socket, pipe=True, session=self.session)
        self.iopub_thread.bounds = self.message_bounds
        self.iopub_thread.start()
        self.iopub_socket = self.iopub_thread.background_socket


def kernel_config(options: KernelOptions) -> Config:
    """Return the configuration of a kernel's application."""
    config = shell_config()
    config.IPKernelApp.transport = "ipc"
    config.IPKernelApp.ip = options.sockets
    for name, port in PORTS.items():
        config.IPKernelApp[name] = port
    config.IPKernelApp.outstream_class = "cellblock_agent.kernel.upstream.stream.KernelStream"
    config.Session.key = options.key.encode()
    # ipykernel pauses before each reply so that output is sent first; `KernelStream` does that.
    config.UnattendedKernel._execute_sleep = 0.0  # noqa: SLF001 - its name in ipykernel's docs
    return config


def shell_config() -> Config:
    """Return the configuration of the shell, which is created before the kernel."""
    config = Config()
    # No user could read the history, and SQLite would be opened for it.
    config.HistoryManager.enabled = False
    # Show `name?` and pagers like any other output.
    config.InteractiveShell.display_page = True
    # Jedi reads the sources of what it completes: over a second and 48 MB for the first names.
    # IPython's own completer inspects the objects, which exist.
    config.IPCompleter.use_jedi = False
    return config


def _has_packages(path: str) -> bool:
    return Path(path).name in ("site-packages", "dist-packages")
