"""Sets a kernel's environment variables, by code of ours that runs in it and shows nothing."""

import asyncio
from collections.abc import Mapping
from typing import Any

from cellblock_agent.kernel.connection import Message
from cellblock_agent.kernel.kernel import Kernel
from cellblock_agent.output.translate import parent_of

ANSWER_SECONDS = 10
"""User code may have left the kernel in a state where it never answers."""


class KernelEnvironment:
    """Of one kernel. One call at a time: who makes it has the turn."""

    def __init__(self, kernel: Kernel) -> None:
        """Set the variables of `kernel`."""
        self._kernel = kernel
        self._request = ""
        self._reply: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """To `_request`."""

    async def set_permanently(self, variables: Mapping[str, str]) -> bool:
        """Set variables until the kernel ends; whether it did."""
        return await self._call(f"set_permanently({dict(variables)!r})")

    async def set_for_execution(self, variables: Mapping[str, str]) -> bool:
        """Set variables of one execution; whether it did."""
        return not variables or await self._call(f"set_for_execution({dict(variables)!r})")

    async def restore(self, variables: Mapping[str, str]) -> bool:
        """Take back what `set_for_execution` did with the same variables; whether it did."""
        return not variables or await self._call("restore()")

    def accept_reply(self, message: Message) -> bool:
        """Whether a reply belongs to the last call."""
        if parent_of(message) != self._request:
            return False
        if not self._reply.done():
            self._reply.set_result(None)
        return True

    async def _call(self, call: str) -> bool:
        """Call a function of `kernel.environment` in the kernel; whether it answered."""
        self._reply = asyncio.get_running_loop().create_future()
        module = "__import__('cellblock_agent.kernel.environment').kernel.environment"
        self._request = self._kernel.execute(f"{module}.{call}", silent=True)
        ends: set[asyncio.Future[Any]] = {self._reply, self._kernel.ended}
        await asyncio.wait(ends, timeout=ANSWER_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        return self._reply.done()
