"""Hostile code in one session, while the test checks that another one is not affected."""

import asyncio

from cellblock_client import Limits
from cellblock_client.aio import AsyncSession
from cellblock_client.result import ExecutionResult
from tests.support.hostile_ground import ANSWER_SECONDS
from tests.support.memory import forget_peak, peak, resident
from tests.support.processes import descriptors

MIB = 2**20
FLAT_MIB = 64
"""Maximum growth of the server's memory in MiB, whatever one session does."""
FEW_DESCRIPTORS = 10
"""Calls under way have some."""
LIMITS = Limits(memory_bytes=384 * MIB, data_bytes=32 * MIB, tmp_bytes=32 * MIB, pids=128)
SECONDS = 1
"""The time limit of attacks without an end."""

SETUP = """
import ctypes, errno, os, resource, socket, subprocess, sys, threading, time
libc = ctypes.CDLL(None, use_errno=True)

def until_error(step):
    count = 0
    try:
        while True:
            step()
            count += 1
    except (OSError, RuntimeError, MemoryError) as error:
        number = getattr(error, 'errno', None)
        name = errno.errorcode[number] if number else type(error).__name__
        print('refused:', name)
    return count
"""


class Attack:
    """Runs code in one session, and calls another one meanwhile."""

    def __init__(self, attacker: AsyncSession, neighbour: AsyncSession, server: int) -> None:
        self.attacker = attacker
        self._neighbour = neighbour
        self._server = server
        self._memory = resident(server)
        self._descriptors = descriptors(server)
        forget_peak(server)

    async def run(self, code: str, seconds: float = SECONDS) -> ExecutionResult:
        """Run code and return its result; the neighbour must respond from its start to its end."""
        answers = 0
        async with asyncio.TaskGroup() as tasks:
            execution = self.attacker.execute(SETUP + code, time_limit=seconds)
            running = tasks.create_task(execution.result())
            while not running.done():
                await self.check_neighbour()
                answers += 1
        assert answers > 0
        return running.result()

    async def check_neighbour(self) -> None:
        async with asyncio.timeout(ANSWER_SECONDS):
            assert (await self._neighbour.run("1+1")).text == "2"

    async def check_after(self) -> None:
        """Assert that the session continues and the server kept nothing of the attack."""
        await self.check_neighbour()
        if (await self.attacker.refresh()).state.name != "FAILED":
            assert (await self.attacker.run("1+1")).text == "2"
            await self.attacker.restart()
            count = "sum(name.isdecimal() for name in __import__('os').listdir('/proc'))"
            assert int((await self.attacker.run(count)).text) <= 4
        assert peak(self._server) - self._memory < FLAT_MIB
        assert descriptors(self._server) <= self._descriptors + 10
