"""A session with a paused sandbox, so that calls in it stay in flight."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cellblock_client import AsyncClient
from cellblock_client.aio import AsyncSession
from tests.support.engine import containers, docker, pause
from tests.support.waiting import STEP_SECONDS

USED_SECONDS = 20


class Paused:
    """A session, and its container, all of whose processes are paused."""

    def __init__(self, session: AsyncSession, container: str) -> None:
        self.session = session
        self._container = container

    def resume(self) -> None:
        """Continue the container's processes."""
        docker("unpause", self._container)

    def lose(self) -> None:
        """Remove the container outside Cellblock."""
        docker("rm", "--force", self._container)

    async def until_used(self) -> None:
        """Wait until a call made since has reached the session."""
        before = self.session.info.last_use_time
        async with asyncio.timeout(USED_SECONDS):
            while (await self.session.refresh()).last_use_time == before:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(STEP_SECONDS)


@asynccontextmanager
async def paused(client: AsyncClient, instance: str, code: str) -> AsyncIterator[Paused]:
    """Create a session, run `code` and pause its sandbox; delete it after the block."""
    before = set(containers(instance))
    session = await client.sessions.create()
    (container,) = set(containers(instance)) - before
    try:
        await session.run(code)
        await session.refresh()
        pause(container)
        yield Paused(session, container)
    finally:
        # A container that stands still can be removed.
        await session.delete()
        assert container not in containers(instance)
