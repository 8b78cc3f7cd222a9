"""Cold starts wait for their turn, and are refused when too many wait."""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest

from cellblock_server.common.errors import ExhaustedError
from cellblock_server.sessions.start_queue import StartBounds, StartQueue

LONG = timedelta(minutes=1)


def queue(parallelism: int = 1, max_waiting: int = 1, patience: timedelta = LONG) -> StartQueue:
    return StartQueue(StartBounds(parallelism, max_waiting, patience))


async def test_starts_run_in_order_up_to_the_parallelism() -> None:
    turns = queue(parallelism=2, max_waiting=8)
    begun: list[int] = []
    most = running = 0

    async def start(number: int) -> None:
        nonlocal most, running
        async with turns.turn():
            begun.append(number)
            running += 1
            most = max(most, running)
            await asyncio.sleep(0)
            running -= 1

    async with asyncio.TaskGroup() as tasks:
        for number in range(10):
            tasks.create_task(start(number))
    assert (most, begun) == (2, list(range(10)))


async def test_start_over_the_queue_limit_is_refused_with_a_retry_time() -> None:
    turns = queue()
    async with AsyncExitStack() as first:
        await first.enter_async_context(turns.turn())
        waiting = asyncio.create_task(one_turn(turns))
        await asyncio.sleep(0)
        with pytest.raises(ExhaustedError, match="1 waiting; the limit is 1") as caught:
            await one_turn(turns)
        assert (caught.value.reason, caught.value.retry_after > timedelta(0)) == (
            "START_QUEUE_FULL",
            True,
        )
    await waiting


async def test_waiting_start_times_out() -> None:
    turns = queue(patience=timedelta(milliseconds=10))
    async with turns.turn():
        with pytest.raises(ExhaustedError, match=r"timed out after 0\.01 s"):
            await one_turn(turns)


async def test_cancelled_wait_frees_its_place() -> None:
    turns = queue()
    async with turns.turn():
        for _ in range(3):
            waiting = asyncio.create_task(one_turn(turns))
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.wait({waiting})
    await one_turn(turns)


async def test_failed_start_frees_its_turn() -> None:
    turns = queue(max_waiting=0)
    for _ in range(3):
        with pytest.raises(KeyError):
            async with turns.turn():
                raise KeyError
    await one_turn(turns)


async def one_turn(turns: StartQueue) -> None:
    async with turns.turn():
        pass
