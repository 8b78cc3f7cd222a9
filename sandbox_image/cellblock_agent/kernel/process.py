"""Kernel process: ipykernel in a process that was forked with its modules loaded.

From its first cell on, everything in this process is under the control of user code.
"""

import io
import logging
import os
import sys
import traceback
from pathlib import Path
from typing import NoReturn

from cellblock_agent.kernel.libraries import displays
from cellblock_agent.kernel.message_bounds import MessageBounds
from cellblock_agent.kernel.options import KernelOptions
from cellblock_agent.kernel.upstream.application import KernelApp, kernel_config, shell_config
from cellblock_agent.kernel.upstream.debugger import refuse_debugger
from cellblock_agent.kernel.upstream.interpreter_state import hide_agent
from cellblock_agent.kernel.upstream.shell import CellCompiler, Shell
from cellblock_agent.kernel.upstream.threads import inherit_context_in_threads
from cellblock_agent.processes.confinement import confine_process
from cellblock_agent.processes.own_process import (
    limit_processes,
    lower_priority,
    prefer_for_oom_kill,
    reset_signals,
    set_dumpable,
)


def make_shell() -> None:
    """Create the shell of all kernels that will be forked from this process."""
    Shell.instance(config=shell_config(), compiler_class=CellCompiler)


def run_kernel(options: KernelOptions) -> NoReturn:
    """Run a kernel; called in a fresh fork, never returns."""
    errors = os.dup(2)
    try:
        _leave_parent(options)
        app = KernelApp.instance(config=kernel_config(options))
        app.message_bounds = MessageBounds(options.memory_bytes)
        # Otherwise each message is formatted for debug records that are never kept.
        app.log.setLevel(logging.WARNING)
        app.initialize([])
        # After initialize: output of ipykernel's own threads belongs to whichever cell runs.
        inherit_context_in_threads()
        refuse_debugger()
        os.close(errors)
        app.start()
    except BaseException:  # noqa: BLE001 - logged, and the process ends
        # Standard error belongs to user code by now.
        with os.fdopen(errors, "w") as parent_stderr:
            parent_stderr.write(traceback.format_exc())
        os._exit(1)
    os._exit(0)


def _leave_parent(options: KernelOptions) -> None:
    os.setsid()
    os.umask(0o022)
    reset_signals()
    set_dumpable(dumpable=True)
    lower_priority(options.niceness)
    if options.max_processes:
        limit_processes(options.max_processes)
    prefer_for_oom_kill()  # a process that is not dumpable may not write to its /proc
    if options.confined:
        confine_process()  # nothing below may write to /proc
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    os.close(null)
    os.chdir(options.data_dir)
    for stream in (sys.__stdout__, sys.__stderr__):
        if isinstance(stream, io.TextIOWrapper):
            # Code may write to them: they lead to the pipes that are read.
            stream.reconfigure(line_buffering=True)
    hide_agent()
    # Under `/tmp`, because the directory of sockets is too small for images. Not `gettempdir()`: it
    # writes a file, so no kernel could start when code has filled the disk.
    displays.begin_kernel(Path("/tmp") / f"cellblock-{Path(options.sockets).name}")  # noqa: S108
    _reseed_numpy()


def _reseed_numpy() -> None:
    """Give each kernel its own random numbers in numpy; `random` reseeds itself after a fork."""
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()
