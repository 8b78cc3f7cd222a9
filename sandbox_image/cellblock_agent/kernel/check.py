"""Checks that a kernel takes requests: what it says of code's end is user code's to say.

Code has the kernel's key and sockets, and can send the messages that end an execution while it
goes on. Its own execution may end early then. What must hold is that the time limit ends it all
the same, and that the next execution does not wait for it.
"""

import asyncio
from typing import Any

from cellblock_agent.kernel.connection import Message
from cellblock_agent.kernel.kernel import Kernel
from cellblock_agent.output.translate import parent_of


class KernelCheck:
    """Asks one kernel what only a kernel that runs no code answers."""

    def __init__(self, kernel: Kernel) -> None:
        """Ask `kernel`."""
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
        """Return whether a reply belongs to the last question."""
        if not self._request or parent_of(message) != self._request:
            return False
        if not self._answer.done():
            self._answer.set_result(None)
        return True
