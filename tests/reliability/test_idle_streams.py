"""A thousand open streams without events."""

import asyncio
from collections.abc import AsyncIterator, Callable

from cellblock_client import AsyncClient
from cellblock_client.events import Completed, Event, Started
from tests.support.memory import resident
from tests.support.processes import descriptors
from tests.support.server import ServerProcess

STREAMS = 1000
KIB_OF_ONE = 64
"""Maximum server memory of one idle stream, in KiB."""
RATE = {"CELLBLOCK_QUOTAS__CALLS_PER_SECOND": str(5 * STREAMS)}


async def test_idle_streams_cost_little_memory_and_delay_no_other_call(
    new_server: Callable[..., ServerProcess],
) -> None:
    server = new_server(**RATE)
    async with (
        AsyncClient(server.address) as client,
        await client.sessions.create() as session,
    ):
        execution = session.execute("import time; time.sleep(600)")
        async for event in execution:
            if isinstance(event, Started):
                break
        memory, open_files = resident(server.pid), descriptors(server.pid)
        streams = [aiter(client.executions.watch(execution.id)) for _ in range(STREAMS)]
        await asyncio.gather(*(anext(stream) for stream in streams))

        assert (resident(server.pid) - memory) * 1024 < KIB_OF_ONE * STREAMS
        # A connection has a hundred calls at most.
        assert descriptors(server.pid) - open_files < 10 + STREAMS / 100
        async with await client.sessions.create() as other:
            assert (await other.run("1")).text == "1"
        await execution.cancel()
        ends = await asyncio.gather(*map(last, streams))
        assert all(isinstance(end, Completed) for end in ends)


async def last(stream: AsyncIterator[Event]) -> Event:
    return [event async for event in stream][-1]
