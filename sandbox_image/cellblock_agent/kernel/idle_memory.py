"""Release of a kernel's unused memory to the host while no code runs.

Figures and tables leave reference cycles behind that Python collects after a number of new
*objects*, however large they are; and the C library's allocator keeps freed memory for later
requests. In a session that waits for its next message, neither is of any use.
"""

import asyncio
import ctypes
import gc
import time

QUIET_SECONDS = 5.0
"""Default time between the end of code and the release; code that follows soon uses the memory
again."""
MAX_SHARE = 1 / 50
"""Maximum share of idle time spent on it: a heap of millions of objects takes long."""


class IdleMemory:
    """Timer on the kernel's event loop that releases memory between two executions."""

    def __init__(self, quiet_seconds: float = QUIET_SECONDS) -> None:
        """Release memory once no code has run for `quiet_seconds`."""
        self._timer: asyncio.TimerHandle | None = None
        self._shortest = self._quiet = quiet_seconds
        # Only glibc has this call; other C libraries release memory by themselves.
        self._trim = getattr(ctypes.CDLL(None), "malloc_trim", None)

    def code_begins(self) -> None:
        """Cancel the release."""
        if self._timer is not None:
            self._timer.cancel()

    def code_ended(self) -> None:
        """Release memory, unless more code comes soon."""
        self.code_begins()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._quiet, self._release_memory)

    def _release_memory(self) -> None:
        began = time.perf_counter()
        # Code may turn the collector off on purpose.
        if gc.isenabled():
            gc.collect()
        if self._trim is not None:
            self._trim(0)
        self._quiet = max(self._shortest, (time.perf_counter() - began) / MAX_SHARE)
