"""Check whether the engine responds at all, during a call to it.

A busy engine is awaited. A stopped or stuck one does not respond to a ping either.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiodocker
import aiohttp
from aiodocker.exceptions import DockerError

from cellblock_server.common.running import running
from cellblock_server.upstream.docker_engine import ping_engine


@dataclass(frozen=True)
class EngineTimings:
    """Times of the engine's watch, in seconds. Their sum bounds a call to a silent engine."""

    patience: float = 3.0
    """Time until a call without a response causes a ping, and between two pings."""
    ping: float = 5.0
    """Time limit of a ping."""


class SilentEngineError(TimeoutError):
    """The engine does not respond to pings."""

    def __init__(self, seconds: float) -> None:
        """Store the seconds without a response."""
        super().__init__(f"no answer to a ping for {seconds:g} s")


class EngineWatch:
    """Pings the engine over its own connection: all connections of calls may be waiting."""

    def __init__(self, timings: EngineTimings) -> None:
        """Connect at the first ping."""
        self._timings = timings
        self._client: aiodocker.Docker | None = None

    async def close(self) -> None:
        """Close the connection."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """End the block with SilentEngineError if the engine does not respond to pings."""
        try:
            async with asyncio.timeout(None) as patience, running(self._watch(patience)):
                yield
        except TimeoutError as error:
            if patience.expired():
                raise SilentEngineError(self._timings.ping) from error
            raise

    async def _watch(self, patience: asyncio.Timeout) -> None:
        while True:
            await asyncio.sleep(self._timings.patience)
            if not await self._answers():
                patience.reschedule(asyncio.get_running_loop().time())
                return

    async def _answers(self) -> bool:
        if self._client is None:
            timeout = aiohttp.ClientTimeout(total=self._timings.ping)
            self._client = aiodocker.Docker(timeout=timeout)
        try:
            await ping_engine(self._client)
        except DockerError:
            # A refusal is a response; a failure to connect is reported by the call itself.
            return True
        except TimeoutError:
            return False
        return True
