"""Whether the engine answers at all, asked while one of its answers is waited for.

An engine that is busy takes its time, and is waited for. One that is stopped or stuck takes
all there is: it does not answer the simplest question either.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiodocker
import aiohttp
from aiodocker.exceptions import DockerError

from cellblock_server.common.running import running

PATIENCE_SECONDS = 3.0
"""How long an answer may take before the engine is asked whether it is there, and between two
such questions."""
PING_SECONDS = 5.0
"""How long it may take to say so. Together they bound a call to an engine that is silent."""


class SilentEngineError(TimeoutError):
    """The engine does not say that it is there."""

    def __init__(self) -> None:
        """Say for how long."""
        super().__init__(f"no answer to a ping for {PING_SECONDS:g} s")


class EngineWatch:
    """Asks the engine, over a connection of its own: those of calls may all be waiting."""

    def __init__(self) -> None:
        """Connect when there is something to ask."""
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
                raise SilentEngineError from error
            raise

    async def _watch(self, patience: asyncio.Timeout) -> None:
        while True:
            await asyncio.sleep(PATIENCE_SECONDS)
            if not await self._answers():
                patience.reschedule(asyncio.get_running_loop().time())
                return

    async def _answers(self) -> bool:
        if self._client is None:
            self._client = aiodocker.Docker(timeout=aiohttp.ClientTimeout(total=PING_SECONDS))
        try:
            # aiodocker has no call for it.
            async with self._client._query("_ping", versioned_api=False):  # noqa: SLF001
                return True
        except DockerError:
            # A refusal is an answer; who can't connect any more learns that in the call itself.
            return True
        except TimeoutError:
            return False
