"""What is under way in a session when its container is removed by somebody else."""

import asyncio

import pytest

from cellblock_client import AsyncClient
from cellblock_client.errors import WrongStateError
from tests.support.paused import paused


async def test_its_caller_is_told_that_the_session_failed(
    async_client: AsyncClient, instance: str
) -> None:
    async with paused(async_client, instance, "1") as still:
        listing = asyncio.create_task(still.session.files.list())
        await still.until_used()
        still.lose()
        with pytest.raises(WrongStateError, match="the sandbox") as caught:
            await listing
        assert caught.value.reason == "SESSION_FAILED"
