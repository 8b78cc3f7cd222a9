"""Concurrent deletions of one session."""

import asyncio

from cellblock_client import AsyncClient, SessionState
from tests.support.paused import paused

CALLERS = 8


async def test_concurrent_deletes_all_return_the_same_end(
    async_client: AsyncClient, instance: str
) -> None:
    async with paused(async_client, instance, "1") as still:
        ended = await asyncio.gather(*(still.session.delete() for _ in range(CALLERS)))
        assert {info.state for info in ended} == {SessionState.DELETED}
        assert len({info.end_time for info in ended}) == 1
