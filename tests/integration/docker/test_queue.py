"""Executions of one session run in order, and report their queue position."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from cellblock_client import AsyncClient, ExecutionStatus, FailureCause
from cellblock_client.aio import AsyncSession
from cellblock_client.errors import DeadlineExceededError, ResourceExhaustedError
from cellblock_client.events import Completed, Event, Queued, Result

LONG = "import time; time.sleep(30)"


async def test_executions_run_in_order_of_arrival(own: AsyncSession) -> None:
    streams = []
    for code in (
        "import time; time.sleep(0.3); order = ['first']",
        "order.append('second')",
        "order.append('third'); order",
    ):
        streams.append(aiter(own.execute(code)))
        await anext(streams[-1])  # accepted
    last = [event async for event in streams[-1]]
    assert [event.text for event in last if isinstance(event, Result)] == [
        "['first', 'second', 'third']"
    ]


async def test_a_full_queue_reports_when_to_retry(own: AsyncSession) -> None:
    streams = []
    for _ in range(17):  # one runs, sixteen wait
        streams.append(aiter(own.execute("import time; time.sleep(30)")))
        await anext(streams[-1])
    with pytest.raises(ResourceExhaustedError, match="the limit is 16") as caught:
        await own.run("1")
    assert (caught.value.reason, caught.value.retry_after is not None) == ("QUEUE_FULL", True)
    await own.delete()
    last = [[event async for event in stream][-1] for stream in streams]
    ends = [event.execution.status for event in last if isinstance(event, Completed)]
    assert ends == [ExecutionStatus.CANCELLED, *[ExecutionStatus.EXPIRED] * 16]


async def test_a_waiting_execution_is_cancelled_without_running(own: AsyncSession) -> None:
    running = aiter(own.execute("import time; time.sleep(30)"))
    await anext(running)
    waiting = own.execute("ran = True")
    stream = aiter(waiting)
    await anext(stream)
    await waiting.cancel()
    end = [event async for event in stream][-1]
    assert isinstance(end, Completed)
    assert end.execution.status is ExecutionStatus.CANCELLED
    assert end.execution.start_time is None


async def test_waiting_executions_receive_their_queue_position(own: AsyncSession) -> None:
    executions = [own.execute(code) for code in (LONG, "1", "2", "3")]
    streams = [aiter(execution) for execution in executions]
    first = [await anext(stream) for stream in streams]
    assert [event.position for event in first if isinstance(event, Queued)] == [0, 1, 2, 3]
    await executions[1].cancel()
    await executions[0].cancel()
    reported = await asyncio.gather(*map(positions, streams))
    # The last one may be next in line before it hears that it is the second.
    assert reported[:3] == [[], [], [1]]
    assert reported[3] in ([2, 1], [2, 0])


async def test_a_deadline_passes_for_the_caller_not_for_the_code(
    own: AsyncSession, async_client: AsyncClient
) -> None:
    running = own.execute(LONG)
    stream = aiter(running)
    await anext(stream)
    kept, dropped = (
        own.execute("'ran'", timeout=0.5, cancel_on_disconnect=cancel) for cancel in (False, True)
    )
    for waiting in (kept, dropped):
        with pytest.raises(DeadlineExceededError):
            await waiting.result()
    await running.cancel()
    assert (await async_client.executions.watch(kept.id).result()).text == "'ran'"
    end = (await async_client.executions.watch(dropped.id).result()).execution
    assert (end.status, end.start_time) == (ExecutionStatus.CANCELLED, None)
    assert end.failure is not None
    assert end.failure.cause is FailureCause.CANCELLED


async def positions(stream: AsyncIterator[Event]) -> list[int]:
    """Return all queue positions that an execution's events report."""
    return [event.position async for event in stream if isinstance(event, Queued)]
