"""Limit on the byte streams that a tenant sends at a time, each of which takes memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from cellblock_server.common.errors import QuotaError

MAX_STREAMS = 32
"""Default number of streams of one tenant that receive bytes at a time."""
WAITING_FACTOR = 4
"""Streams that may wait per receiving stream; gRPC buffers their first bytes, too."""
RETRY_AFTER = timedelta(seconds=1)
"""Time after which a refused caller may retry."""


class Turns:
    """Lets some streams of each tenant receive at a time; more wait in order, up to a bound."""

    def __init__(self, most: int = MAX_STREAMS) -> None:
        """Let `most` streams of each tenant receive, and `WAITING_FACTOR` times as many wait."""
        self._most = most
        self._tenants: dict[str, _Tenant] = {}

    @asynccontextmanager
    async def turn(self, tenant: str) -> AsyncIterator[None]:
        """Wait for a turn to receive one of a tenant's streams, and hold it while the block runs.

        Raises QuotaError if too many streams wait.
        """
        known = self._tenants.setdefault(tenant, _Tenant(asyncio.Semaphore(self._most)))
        if known.streams >= self._most * (1 + WAITING_FACTOR):
            raise QuotaError(
                "UPLOAD_LIMIT",
                f"tenant:{tenant}",
                f"tenant {tenant!r} has {known.streams} uploads and writes open; at most "
                f"{self._most} receive bytes at a time, and {self._most * WAITING_FACTOR} wait",
                RETRY_AFTER,
            )
        known.streams += 1
        try:
            async with known.turns:
                yield
        finally:
            known.streams -= 1
            if not known.streams:
                del self._tenants[tenant]


@dataclass
class _Tenant:
    turns: asyncio.Semaphore
    streams: int = 0
    """Number of streams that receive or wait."""
