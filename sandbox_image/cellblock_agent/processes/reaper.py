"""Processes of the sandbox: reaping orphans, and killing all that user code started."""

import asyncio
import os
import signal
from collections.abc import Callable, Set

from cellblock_agent.processes import pseudo_files

KILL_ROUNDS = 1250
"""Maximum number of times that the process table is read to kill the rest; a fork bomb takes a few.
"""
ROUND_SECONDS = 0.002


class Reaper:
    """Collector of the exit statuses of this process's children, adopted orphans included."""

    def __init__(self) -> None:
        """Begin to reap; needs a running loop in the main thread."""
        self._waiting: dict[int, asyncio.Future[int]] = {}
        asyncio.get_running_loop().add_signal_handler(signal.SIGCHLD, self.reap)

    def watch_process(self, pid: int) -> asyncio.Future[int]:
        """Return a future of the wait status of a child process."""
        future = self._waiting.get(pid)
        if future is None:
            future = self._waiting[pid] = asyncio.get_running_loop().create_future()
        return future

    def stop_watching(self, pid: int) -> None:
        """Stop watching a process."""
        self._waiting.pop(pid, None)

    def reap(self) -> None:
        """Collect the status of all children that have ended."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            future = self._waiting.pop(pid, None)
            if future is not None and not future.done():
                future.set_result(status)


async def kill_descendants(spare: Callable[[], Set[int]], *, zombies: bool = True) -> bool:
    """Kill all descendants of this process except `spare`; return whether none is left.

    The agent is PID 1 or a subreaper: whatever user code does to its processes, they stay
    descendants. Zombies are counted, because they use up the sandbox's processes until they are
    collected, which happens while this function waits; but a spared parent collects its own
    zombies.
    """
    for _round in range(KILL_ROUNDS):
        left = list_descendants(zombies=zombies) - spare()
        if not left:
            return True
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        # No event reports the end of a process that is not a child.
        await asyncio.sleep(ROUND_SECONDS)
    return False


def list_descendants(*, zombies: bool = True) -> set[int]:
    """Return the ids of all descendants of this process."""
    children: dict[int, list[int]] = {}
    dead: set[int] = set()
    for name in os.listdir("/proc"):  # noqa: PTH208 - before each execution: paths take longer
        if not name.isdecimal():
            continue
        try:
            stat = pseudo_files.read_pseudo_file(f"/proc/{name}/stat")
        except (FileNotFoundError, ProcessLookupError):
            continue
        # The command's name is in parentheses and may contain anything, `)` included.
        state, parent, *_rest = stat.rpartition(b")")[2].split(maxsplit=2)
        children.setdefault(int(parent), []).append(int(name))
        if state == b"Z" and not zombies:
            dead.add(int(name))
    found: set[int] = set()
    todo = [os.getpid()]
    while todo:
        for child in children.get(todo.pop(), []):
            if child not in found:
                found.add(child)
                todo.append(child)
    return found - dead


def describe_exit(status: int) -> str:
    """Return a wait status for people: `exit code 3`, `signal SIGSEGV`."""
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"
