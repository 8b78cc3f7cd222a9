"""Whether the engine answers at all, asked while one of its answers is waited for.

An engine that is busy takes its time, and is waited for. One that is stopped or stuck takes
all there is: it does not answer the simplest question either.
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
    """Times of the engine's watch, in seconds. Together they bound a call to a silent engine."""

    patience: float = 3.0
    """Until a call without an answer has the engine pinged, and between two pings."""
    ping: float = 5.0
    """Longest answer to a ping."""


class SilentEngineError(TimeoutError):
    """The engine does not say that it is there."""

    def __init__(self, seconds: float) -> None:
        """Say for how long."""
        super().__init__(f"no answer to a ping for {seconds:g} s")


class EngineWatch:
    """Asks the engine, over a connection of its own: those of calls may all be waiting."""

    def __init__(self, timings: EngineTimings) -> None:
        """Connect when there is something to ask."""
        self._timings = timings
        self._client: aiodocker.Docker | None = None

    async def close(self) -> None:
        """Close the connection."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """A block that ends with SilentEngineError when the engine turns out to be silent."""
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
            # A refusal is an answer; who can't connect any more learns that in the call itself.
            return True
        except TimeoutError:
            return False
        return True
