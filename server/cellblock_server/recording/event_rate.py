"""Rate limit for a sandbox's events outside executions, so that other sandboxes get their turn."""

import asyncio
from collections.abc import Sequence

from cellblock.agent.v1 import agent_pb2 as pb

BYTES_PER_SECOND = 2**18
EVENTS_PER_SECOND = 200
"""Rate of events outside executions, from threads and processes that an execution left behind.

An execution's own output is bounded in total; this isn't, and each batch of it is a transaction.
"""
BURST_SECONDS = 4.0
"""Time whose unused rate may be used in one burst."""
MAX_WAIT = 1.0
"""Longest wait, in seconds: the next execution must not be delayed for long."""


class BackgroundEventRate:
    """Delays reading from a sandbox that sends events outside executions too fast."""

    def __init__(self) -> None:
        """Start with the whole rate unused."""
        self._free_at = 0.0
        """Time at which all counted events are within the rate."""

    def count_batch(self, batch: Sequence[pb.Event], now: float) -> float:
        """Count a batch's events outside executions. Return the seconds to wait.

        `now` is monotonic time.
        """
        others = [event for event in batch if not event.execution_id]
        cost = max(
            len(others) / EVENTS_PER_SECOND,
            sum(event.ByteSize() for event in others) / BYTES_PER_SECOND,
        )
        self._free_at = max(self._free_at, now) + min(cost, BURST_SECONDS + MAX_WAIT)
        return min(MAX_WAIT, max(0.0, self._free_at - now - BURST_SECONDS))

    async def limit_batch(self, batch: Sequence[pb.Event]) -> None:
        """Count a batch, and wait if it came too fast."""
        wait = self.count_batch(batch, asyncio.get_running_loop().time())
        if wait > 0:
            await asyncio.sleep(wait)
