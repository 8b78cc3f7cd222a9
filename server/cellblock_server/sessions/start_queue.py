"""Cold starts take their turn: so many at a time, and a bounded number that waits.

Each start costs CPU time and engine calls. All at once they would slow each other down until
none is done within its time-out; a queue without an end would only put off the refusal.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from cellblock_server.common.errors import ExhaustedError

RETRY_AFTER = timedelta(seconds=5)
"""When a caller that met a full queue may come back."""


@dataclass(frozen=True)
class StartBounds:
    """How many sandboxes are started for sessions that found none in the pool."""

    parallelism: int
    """At a time."""
    max_waiting: int
    """Until it is their turn."""
    patience: timedelta
    """How long one waits at most."""


class StartQueue:
    """Hands out turns, in the order in which they were asked for."""

    def __init__(self, bounds: StartBounds) -> None:
        """Begin with all turns free."""
        self._bounds = bounds
        self._turns = asyncio.Semaphore(bounds.parallelism)
        self._waiting = 0
        self._starting = 0
        self.on_end: Callable[[], None] = lambda: None
        """Called when a start has ended."""

    @property
    def is_busy(self) -> bool:
        """Whether a caller waits for a start, or for its turn."""
        return bool(self._starting or self._waiting)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """A block in which a sandbox is started.

        Raises ExhaustedError (`START_QUEUE_FULL`) if too many wait already, or one has waited
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
            raise _full(f"{self._waiting} wait already; the limit is {bounds.max_waiting}")
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
