"""Concurrent restarts of one session."""

import asyncio

from cellblock_client import AsyncClient, ExecutionStatus, SessionState
from tests.support.paused import paused

CALLERS = 4


async def test_concurrent_restarts_leave_one_fresh_kernel(
    async_client: AsyncClient, instance: str
) -> None:
    async with paused(async_client, instance, "x = 1; open('kept', 'w').close()") as still:
        session = still.session
        restarts = [asyncio.create_task(session.restart()) for _ in range(CALLERS)]
        await still.until_used()
        still.resume()
        await asyncio.gather(*restarts)
        info = await session.refresh()
        assert info.state is SessionState.READY
        result = await session.run("import os; 'x' in globals(), os.path.exists('kept')")
        assert result.text == "(False, True)"
        assert result.execution.status is ExecutionStatus.COMPLETED
        assert 2 <= info.kernel_generation <= 1 + CALLERS
