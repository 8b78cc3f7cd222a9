"""Gives a kernel's memory back to the host while no code runs.

Figures and tables leave cycles behind that Python collects when enough *objects* have come,
however large they are; and what was freed stays with the C library's allocator for the next
one who asks. In a session that waits for its next message both are of no use to anybody.
"""

import asyncio
import ctypes
import gc
import time

QUIET_SECONDS = 5.0
"""Default time after code ended, until its memory is given back: what follows at once uses it
again."""
MAX_SHARE = 1 / 50
"""Of the time between two executions may go into it: a heap of millions of objects takes long."""


class IdleMemory:
    """Runs on the kernel's event loop, between two pieces of code."""

    def __init__(self, quiet_seconds: float = QUIET_SECONDS) -> None:
        """Wait for code to end, and then for more code for `quiet_seconds`."""
        self._timer: asyncio.TimerHandle | None = None
        self._shortest = self._quiet = quiet_seconds
        # glibc's own; other C libraries have no such call, and give back by themselves.
        self._trim = getattr(ctypes.CDLL(None), "malloc_trim", None)

    def code_begins(self) -> None:
        """Leave it alone from now on."""
        if self._timer is not None:
            self._timer.cancel()

    def code_ended(self) -> None:
        """Give memory back, unless more code comes soon."""
        self.code_begins()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._quiet, self._release_memory)

    def _release_memory(self) -> None:
        began = time.perf_counter()
        # Code that turned the collector off has its reasons.
        if gc.isenabled():
            gc.collect()
        if self._trim is not None:
            self._trim(0)
        self._quiet = max(self._shortest, (time.perf_counter() - began) / MAX_SHARE)
