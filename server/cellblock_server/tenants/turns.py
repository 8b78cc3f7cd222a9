"""How many streams of bytes a tenant sends at a time. Each holds a message or two in memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from cellblock_server.common.errors import QuotaError

MAX_STREAMS = 32
"""Streams of one tenant that receive bytes at a time, if nothing else is configured."""
WAITING_FACTOR = 4
"""Streams that may wait for each one that receives; gRPC buffers the first bytes of theirs, too."""
RETRY_AFTER = timedelta(seconds=1)
"""When a caller that was refused may try again."""


class Turns:
    """Lets some streams of each tenant receive at a time; more wait in order, up to a bound."""

    def __init__(self, most: int = MAX_STREAMS) -> None:
        """Let each tenant have `most`, and `WAITING_FACTOR` times as many that wait."""
        self._most = most
        self._tenants: dict[str, _Tenant] = {}

    @asynccontextmanager
    async def turn(self, tenant: str) -> AsyncIterator[None]:
        """A block that is one of a tenant's streams; waits until there may be one more.

        Raises QuotaError if too many wait already.
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
    """Those that wait included."""
