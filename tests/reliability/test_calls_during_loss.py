"""Calls in flight in a session when its container is removed outside Cellblock."""

import asyncio

import pytest

from cellblock_client import AsyncClient
from cellblock_client.errors import WrongStateError
from tests.support.paused import paused


async def test_a_call_in_flight_fails_with_session_failed(
    async_client: AsyncClient, instance: str
) -> None:
    async with paused(async_client, instance, "1") as still:
        listing = asyncio.create_task(still.session.files.list())
        await still.until_used()
        still.lose()
        with pytest.raises(WrongStateError, match="the sandbox") as caught:
            await listing
        assert caught.value.reason == "SESSION_FAILED"
