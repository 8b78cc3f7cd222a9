"""Check that a kernel accepts requests: user code can forge the messages that end its execution.

Code has the kernel's key and sockets, and can send the final messages of an execution while it runs
on. Its own execution may end early then. But the time limit must still end the code, and the next
execution must not wait for it.
"""

import asyncio
from typing import Any

from cellblock_agent.kernel.connection import Message
from cellblock_agent.kernel.kernel import Kernel
from cellblock_agent.output.translate import parent_of


class KernelCheck:
    """Check of one kernel, by a question that only a kernel which runs no code answers."""

    def __init__(self, kernel: Kernel) -> None:
        """Check `kernel`."""
        self._kernel = kernel
        self._request = ""
        self._answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def is_answered(self, seconds: float) -> bool:
        """Return whether the kernel answers within `seconds`; False if it ends."""
        if self._kernel.ended.done():
            return False
        self._answer = asyncio.get_running_loop().create_future()
        self._request = self._kernel.ask_kernel(lambda client: client.kernel_info())
        ends: set[asyncio.Future[Any]] = {self._answer, self._kernel.ended}
        await asyncio.wait(ends, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        return self._answer.done()

    def accept_reply(self, message: Message) -> bool:
        """Return whether a reply belongs to the last question, and finish the question if so."""
        if not self._request or parent_of(message) != self._request:
            return False
        if not self._answer.done():
            self._answer.set_result(None)
        return True
