"""Ends what takes too much memory, where the sandbox's own kernel does not.

Linux kills one process of a control group that is out of memory, and the rest lives on.
Where the sandbox has a kernel of its own (gVisor), the host sees one process that is all of
it: it would kill the whole sandbox, files included. Nothing tells of memory that gets short
there, so it is looked at: often when it could be used up soon, seldom otherwise.

Source: gVisor's /proc/meminfo has the sandbox's limit as `MemTotal`, and counts what is of
the sandbox's own memory, its folders included, as `AnonPages`; the rest of what it counts is
mapped from the image, and is the host's.
"""

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Set

from cellblock_agent.processes import memory
from cellblock_agent.processes.reaper import list_descendants

HEADROOM_BYTES = 64 * 2**20
"""For the kernel that the host counts with us, and for what comes until we have looked."""
GROWTH = 4 * 2**30
"""Bytes a second that code may take, at most: several times of what was measured."""
SHORTEST_SECONDS = 0.004
LONGEST_SECONDS = 0.25
FREED_SECONDS = 0.5
"""How long the memory of a killed process may take to be free again."""

log = logging.getLogger(__name__)


class MemoryWatch:
    """Kills the largest process when memory gets short; tells how often anybody did."""

    def __init__(self, given_limit: int, spare: Callable[[], Set[int]]) -> None:
        """`given_limit` is the sandbox's limit in bytes, 0 if there is none; spare some processes.

        Where control groups can be seen from inside, Linux does the work.
        """
        self.limit = given_limit or memory.read_memory_limit()
        """In bytes; None if there is none, or nobody tells."""
        self.is_needed = bool(given_limit) and memory.read_memory_limit() is None
        self._spare = spare
        self._kills = 0

    @property
    def kills(self) -> int:
        """How many processes of the sandbox were killed for memory."""
        return memory.count_oom_kills() + self._kills

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            left = await self._look()
            await asyncio.sleep(min(max(left / GROWTH, SHORTEST_SECONDS), LONGEST_SECONDS))

    async def _look(self) -> int:
        """Kill what has to be killed; how many bytes are left then."""
        left = memory.read_free_bytes() - HEADROOM_BYTES
        if left <= 0 and self._kill_largest():
            await self._until_freed()
        return left

    async def _until_freed(self) -> None:
        """Let nobody else be killed for what a dead process had."""
        end = asyncio.get_running_loop().time() + FREED_SECONDS
        while asyncio.get_running_loop().time() < end:
            left = memory.read_free_bytes()
            # Back again, or still falling: somebody else takes it.
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
