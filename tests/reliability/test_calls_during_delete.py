"""Calls in flight in a session when it is deleted."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from cellblock_client import AsyncClient, ExecutionStatus, FailureCause
from cellblock_client.aio import AsyncSession
from cellblock_client.errors import WrongStateError
from cellblock_client.events import Completed
from tests.support.paused import paused

CALLS: dict[str, Callable[[AsyncSession], Awaitable[object]]] = {
    "AttachFile": lambda session: session.attach(b"a", "a.txt"),
    "WriteSessionFile": lambda session: session.files.write("b.txt", b"b"),
    "ReadSessionFile": lambda session: session.files.read("kept.txt"),
    "ListSessionFiles": lambda session: session.files.list(),
    "RestartSession": lambda session: session.restart(),
}


@pytest.mark.parametrize("rpc", CALLS)
async def test_a_call_in_flight_fails_with_session_deleted(
    async_client: AsyncClient, instance: str, rpc: str
) -> None:
    async with paused(async_client, instance, "open('kept.txt', 'w').write('kept')") as still:
        call = asyncio.ensure_future(CALLS[rpc](still.session))
        await still.until_used()
        await still.session.delete()
        with pytest.raises(WrongStateError, match="deleted on request") as caught:
            await call
        assert caught.value.reason == "SESSION_DELETED"


async def test_an_execution_ends_once(async_client: AsyncClient, instance: str) -> None:
    async with paused(async_client, instance, "1") as still:
        streams = [aiter(still.session.execute(code)) for code in ("print(1)", "print(2)")]
        for stream in streams:
            await anext(stream)  # accepted
        await still.session.delete()
        ends = [[event async for event in stream][-1] for stream in streams]
        ended = [event.execution for event in ends if isinstance(event, Completed)]
        assert [one.status for one in ended] == [ExecutionStatus.CANCELLED, ExecutionStatus.EXPIRED]
        assert {one.failure.cause for one in ended if one.failure} == {FailureCause.SESSION_ENDED}
        _before, *listed = [one async for one in still.session.executions()]
        assert [one.id for one in listed] == [one.id for one in ended]
