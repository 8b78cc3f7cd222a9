"""The sandbox's processes: reaping orphans, and killing all that user code started."""

import asyncio
import os
import signal
from collections.abc import Callable, Set

from cellblock_agent.processes import pseudo_files

KILL_ROUNDS = 1250
"""How often the process table is read to kill what is left; a fork bomb takes a few."""
ROUND_SECONDS = 0.002


class Reaper:
    """Collects the exit statuses of this process's children, orphans adopted included."""

    def __init__(self) -> None:
        """Begin to reap; needs a running loop in the main thread."""
        self._waiting: dict[int, asyncio.Future[int]] = {}
        asyncio.get_running_loop().add_signal_handler(signal.SIGCHLD, self.reap)

    def watch_process(self, pid: int) -> asyncio.Future[int]:
        """The wait status of a process, once it has been a child of ours and has ended."""
        future = self._waiting.get(pid)
        if future is None:
            future = self._waiting[pid] = asyncio.get_running_loop().create_future()
        return future

    def stop_watching(self, pid: int) -> None:
        """Stop watching."""
        self._waiting.pop(pid, None)

    def reap(self) -> None:
        """Collect everything that has ended by now."""
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
    """Kill all list_descendants of this process but those in `spare`; whether none is left.

    The agent is PID 1 or a subreaper: whatever user code does to its processes, they
    stay list_descendants. Zombies count, for they use up the sandbox's processes until they
    are collected, which happens while this waits; but those of a parent that is spared
    are that one's to collect.
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
        # Nothing tells of the end of a process that is not our child.
        await asyncio.sleep(ROUND_SECONDS)
    return False


def list_descendants(*, zombies: bool = True) -> set[int]:
    """All list_descendants of this process."""
    children: dict[int, list[int]] = {}
    dead: set[int] = set()
    for name in os.listdir("/proc"):  # noqa: PTH208 - before each execution: paths take longer
        if not name.isdecimal():
            continue
        try:
            stat = pseudo_files.read_pseudo_file(f"/proc/{name}/stat")
        except (FileNotFoundError, ProcessLookupError):
            continue
        # The command's name is in parentheses and may hold anything, `)` included.
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
    """A wait status for people: `exit code 3`, `signal SIGSEGV`."""
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"
