"""Queue of cold starts: a limited number runs at a time, and a limited number waits.

Each start costs CPU time and engine calls. If all ran at the same time, they would slow each other
down until none finishes within its timeout; an unbounded queue would only delay the refusal.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from cellblock_server.common.errors import ExhaustedError

RETRY_AFTER = timedelta(seconds=5)
"""Time after which a caller that met a full queue may retry."""


@dataclass(frozen=True)
class StartBounds:
    """Limits on starts of sandboxes for sessions that found none in the pool."""

    parallelism: int
    """Maximum number of starts at the same time."""
    max_waiting: int
    """Maximum number of starts that wait."""
    patience: timedelta
    """Longest time that one start waits."""


class StartQueue:
    """Grants turns in the order of requests."""

    def __init__(self, bounds: StartBounds) -> None:
        """Start with all turns free."""
        self._bounds = bounds
        self._turns = asyncio.Semaphore(bounds.parallelism)
        self._waiting = 0
        self._starting = 0
        self.on_end: Callable[[], None] = lambda: None
        """Called when a start has ended."""

    @property
    def is_busy(self) -> bool:
        """Return whether a caller waits for a start, or for its turn."""
        return bool(self._starting or self._waiting)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn, and hold it while the block starts a sandbox.

        Raises ExhaustedError (`START_QUEUE_FULL`) if too many wait already, or this one has waited
        for too long.
        """
        await self._wait()
        self._starting += 1
        try:
            yield
        finally:
            self._starting -= 1
            self._turns.release()
            self.on_end()

    async def _wait(self) -> None:
        bounds = self._bounds
        if self._turns.locked() and self._waiting >= bounds.max_waiting:
            raise _full(f"{self._waiting} waiting; the limit is {bounds.max_waiting}")
        self._waiting += 1
        try:
            async with asyncio.timeout(bounds.patience.total_seconds()):
                await self._turns.acquire()
        except TimeoutError as error:
            seconds = bounds.patience.total_seconds()
            raise _full(f"timed out after {seconds:g} s waiting to start a sandbox") from error
        finally:
            self._waiting -= 1


def _full(why: str) -> ExhaustedError:
    return ExhaustedError(
        "START_QUEUE_FULL", f"too many sessions are being started: {why}", RETRY_AFTER
    )
