"""Environment variables of a kernel, set by silent code that the agent runs in it."""

import asyncio
from collections.abc import Mapping
from typing import Any

from cellblock_agent.kernel.connection import Message
from cellblock_agent.kernel.kernel import Kernel
from cellblock_agent.output.translate import parent_of

ANSWER_SECONDS = 10
"""Longest wait for an answer: user code may have left the kernel unresponsive."""


class KernelEnvironment:
    """Environment variables of one kernel, one call at a time."""

    def __init__(self, kernel: Kernel) -> None:
        """Set the variables of `kernel`."""
        self._kernel = kernel
        self._request = ""
        self._reply: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Reply to `_request`."""

    async def set_permanently(self, variables: Mapping[str, str]) -> bool:
        """Set variables until the kernel ends; return whether the kernel answered."""
        return await self._call(f"set_permanently({dict(variables)!r})")

    async def set_for_execution(self, variables: Mapping[str, str]) -> bool:
        """Set variables for one execution; return whether the kernel answered."""
        return not variables or await self._call(f"set_for_execution({dict(variables)!r})")

    async def restore(self, variables: Mapping[str, str]) -> bool:
        """Undo `set_for_execution`; return whether the kernel answered."""
        return not variables or await self._call("restore()")

    def accept_reply(self, message: Message) -> bool:
        """Return whether a reply belongs to the last call, and finish the call if so."""
        if parent_of(message) != self._request:
            return False
        if not self._reply.done():
            self._reply.set_result(None)
        return True

    async def _call(self, call: str) -> bool:
        """Call a function of `kernel.environment` in the kernel; return whether it answered."""
        self._reply = asyncio.get_running_loop().create_future()
        module = "__import__('cellblock_agent.kernel.environment').kernel.environment"
        self._request = self._kernel.execute(f"{module}.{call}", silent=True)
        ends: set[asyncio.Future[Any]] = {self._reply, self._kernel.ended}
        await asyncio.wait(ends, timeout=ANSWER_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        return self._reply.done()
