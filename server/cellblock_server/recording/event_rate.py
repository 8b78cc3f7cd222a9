"""How fast a sandbox may speak for itself, so that others have their turn."""

import asyncio
from collections.abc import Sequence

from cellblock.agent.v1 import agent_pb2 as pb

BYTES_PER_SECOND = 2**18
EVENTS_PER_SECOND = 200
"""What no execution shows: threads and processes that were left behind. An execution's own
output is bounded as a whole; this has no end, and each batch of it is a transaction."""
BURST_SECONDS = 4.0
"""What has not been used of so much time may be used at once."""
MAX_WAIT = 1.0
"""Seconds: an execution that follows must not wait for long."""


class Pace:
    """Tells how long to wait before more is taken from a sandbox."""

    def __init__(self) -> None:
        """Begin with nothing used."""
        self._free_at = 0.0
        """When all that was taken has been paid for."""

    def take(self, batch: Sequence[pb.Event], now: float) -> float:
        """Count what a batch has of no execution; seconds to wait. `now` is a steady clock's."""
        others = [event for event in batch if not event.execution_id]
        cost = max(
            len(others) / EVENTS_PER_SECOND,
            sum(event.ByteSize() for event in others) / BYTES_PER_SECOND,
        )
        self._free_at = max(self._free_at, now) + min(cost, BURST_SECONDS + MAX_WAIT)
        return min(MAX_WAIT, max(0.0, self._free_at - now - BURST_SECONDS))

    async def keep(self, batch: Sequence[pb.Event]) -> None:
        """Wait as long as the batch was too fast."""
        wait = self.take(batch, asyncio.get_running_loop().time())
        if wait > 0:
            await asyncio.sleep(wait)
