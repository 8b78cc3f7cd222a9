"""Out-of-memory killer for sandboxes in which Linux does not act as one.

Linux kills one process of a control group that is out of memory, and the others survive. Where the
sandbox has a kernel of its own (gVisor), the host sees it as one process: it would kill the whole
sandbox, files included. gVisor does not signal that memory runs out, so it is polled: often when it
could be used up soon, rarely otherwise.

Source: gVisor's /proc/meminfo has the sandbox's limit as `MemTotal`, and counts the sandbox's own
memory, directories in memory included, as `AnonPages`; the rest that it counts is mapped from the
image and belongs to the host.
"""

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Set

from cellblock_agent.processes import memory
from cellblock_agent.processes.reaper import list_descendants

HEADROOM_BYTES = 64 * 2**20
"""Reserve for gVisor's own memory, and for allocations between two polls."""
GROWTH = 4 * 2**30
"""Fastest growth in bytes per second: several times what was measured."""
SHORTEST_SECONDS = 0.004
LONGEST_SECONDS = 0.25
FREED_SECONDS = 0.5
"""Longest time until the memory of a killed process is free again."""

log = logging.getLogger(__name__)


class MemoryWatch:
    """Watch that kills the largest process when memory runs out, and counts such kills."""

    def __init__(self, given_limit: int, spare: Callable[[], Set[int]]) -> None:
        """Watch a limit of `given_limit` bytes, 0 for none; never kill a process in `spare`.

        Where control groups are visible from inside, Linux does the work.
        """
        self.limit = given_limit or memory.read_memory_limit()
        """Memory limit in bytes; None if there is none, or it is unknown."""
        self.is_needed = bool(given_limit) and memory.read_memory_limit() is None
        self._spare = spare
        self._kills = 0

    @property
    def kills(self) -> int:
        """Number of the sandbox's processes that were killed for memory."""
        return memory.count_oom_kills() + self._kills

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            left = await self._look()
            await asyncio.sleep(min(max(left / GROWTH, SHORTEST_SECONDS), LONGEST_SECONDS))

    async def _look(self) -> int:
        """Kill a process if necessary; return how many bytes were free."""
        left = memory.read_free_bytes() - HEADROOM_BYTES
        if left <= 0 and self._kill_largest():
            await self._until_freed()
        return left

    async def _until_freed(self) -> None:
        """Wait until a dead process's memory is free, so that no other process is killed for it."""
        end = asyncio.get_running_loop().time() + FREED_SECONDS
        while asyncio.get_running_loop().time() < end:
            left = memory.read_free_bytes()
            # Free again, or still falling because another process uses it.
            if not HEADROOM_BYTES / 2 < left <= HEADROOM_BYTES:
                return
            await asyncio.sleep(SHORTEST_SECONDS)

    def _kill_largest(self) -> bool:
        sizes = {pid: memory.read_resident_bytes(pid) for pid in list_descendants() - self._spare()}
        if not sizes:
            return False
        largest = max(sizes, key=sizes.__getitem__)
        self._kills += 1
        try:
            os.kill(largest, signal.SIGKILL)
        except ProcessLookupError:
            return False
        log.warning("out of memory: killed process %d with %d bytes", largest, sizes[largest])
        return True
