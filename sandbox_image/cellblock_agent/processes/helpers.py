"""Short-lived processes of the agent, for work that may take too much memory or time."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Sequence

from cellblock_agent.processes.reaper import Reaper, describe_exit

MAX_ANSWER_BYTES = 2**20


class HelperError(Exception):
    """A helper process failed."""


class Helpers:
    """Starter of helper processes; code that kills user processes spares `pids`."""

    def __init__(self, reaper: Reaper) -> None:
        """Let `reaper` collect the exit statuses."""
        self._reaper = reaper
        self.pids: set[int] = set()
        """Ids of the running helpers."""

    async def run(
        self, module: str, arguments: Sequence[str], files: Sequence[int], timeout: float
    ) -> bytes:
        """Run a module of the agent; return its standard output, up to a limit.

        User code can stop or kill it, and could trace it before it protects itself: its output is
        untrusted. Raises HelperError.
        """
        # Not a pipe: hostile code could keep its other end open.
        answer = os.memfd_create("answer", os.MFD_CLOEXEC)
        try:
            process = subprocess.Popen(  # noqa: ASYNC220, S603 - a module of the agent; does not wait
                [sys.executable, "-I", "-m", module, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=answer,
                pass_fds=files,
                cwd="/",
            )
            process.returncode = await self._end_of(process.pid, timeout)
            if process.returncode != 0:
                raise HelperError(f"its process ended with {describe_exit(process.returncode)}")
            return os.pread(answer, MAX_ANSWER_BYTES, 0)
        except OSError as error:
            raise HelperError(f"its process could not be started: {error.strerror}") from error
        finally:
            os.close(answer)

    def kill(self) -> None:
        """Kill all running helpers."""
        for pid in self.pids:
            _kill(pid)

    async def _end_of(self, pid: int, timeout: float) -> int:
        """Return a helper's wait status; kill it at the timeout or on cancellation."""
        ended = self._reaper.watch_process(pid)
        self.pids.add(pid)
        try:
            await asyncio.wait({ended}, timeout=timeout)
            if not ended.done():
                _kill(pid)
                raise HelperError(f"its process took more than {timeout:g} s")
            return ended.result()
        except asyncio.CancelledError:
            _kill(pid)
            raise
        finally:
            if not ended.done():
                await asyncio.wait({ended})
            self.pids.discard(pid)


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
