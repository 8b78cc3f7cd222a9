"""Other processes, as this machine sees them."""

from pathlib import Path

import psutil


def server_pid(state: Path) -> int:
    """Return the process id of the server with this state folder."""
    wanted = f"--state-dir={state}"
    for process in psutil.process_iter(["cmdline"]):
        command = process.info["cmdline"] or []
        if "cellblock_server.main" in command and (wanted in command or str(state) in command):
            return process.pid
    raise AssertionError(f"no server keeps its state in {state}")


def descriptors(pid: int) -> int:
    """Return the number of a process's open file descriptors."""
    return psutil.Process(pid).num_fds()
