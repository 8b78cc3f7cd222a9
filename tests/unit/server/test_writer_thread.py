"""Jobs of the store's thread: done completely and in order, even if callers leave."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextvars import ContextVar

import pytest
from structlog.testing import capture_logs

from cellblock_server.store.writer_thread import WriterThread

JOBS = 100
NAME: ContextVar[str] = ContextVar("name")


@pytest.fixture
async def thread() -> AsyncIterator[WriterThread]:
    thread = WriterThread("test writer")
    yield thread
    await thread.close()


class BlockedJob:
    """A job that waits until the test releases it."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.free = threading.Event()

    def __call__(self) -> str:
        self.begun.set()
        self.free.wait()
        return "done"


async def test_jobs_run_one_by_one_in_order(thread: WriterThread) -> None:
    done: list[tuple[int, str]] = []

    def job(number: int) -> int:
        done.append((number, threading.current_thread().name))
        return number

    results = await asyncio.gather(
        *(thread.run(lambda number=number: job(number)) for number in range(JOBS))  # type: ignore[misc]
    )
    assert results == list(range(JOBS))
    assert done == [(number, "test writer") for number in range(JOBS)]


async def test_failure_is_raised_and_the_next_job_runs(thread: WriterThread) -> None:
    then_called = False

    def then() -> None:
        nonlocal then_called
        then_called = True

    with pytest.raises(ZeroDivisionError):
        await thread.run(lambda: 1 // 0, then)
    assert not then_called
    assert await thread.run(lambda: 2) == 2


async def test_callback_runs_in_the_loop_with_the_callers_context(
    thread: WriterThread,
) -> None:
    where: list[tuple[threading.Thread, str]] = []
    NAME.set("caller")
    result = await thread.run(
        lambda: 1, lambda: where.append((threading.current_thread(), NAME.get()))
    )
    assert (result, where) == (1, [(threading.current_thread(), "caller")])


async def test_failure_of_the_callback_is_raised(thread: WriterThread) -> None:
    def then() -> None:
        raise ValueError("then")

    with pytest.raises(ValueError, match="then"):
        await thread.run(lambda: 1, then)


async def test_cancelled_caller_waits_for_the_job_and_the_callback(thread: WriterThread) -> None:
    held, followed = BlockedJob(), asyncio.Event()
    caller = asyncio.create_task(thread.run(held, followed.set))
    await asyncio.to_thread(held.begun.wait)
    for _ in range(3):
        caller.cancel()
        _done, waiting = await asyncio.wait({caller}, timeout=0.01)
        assert waiting
    held.free.set()
    await asyncio.wait({caller})
    assert caller.cancelled()
    assert followed.is_set()


async def test_waiting_job_of_a_cancelled_caller_runs(thread: WriterThread) -> None:
    held, followed = BlockedJob(), asyncio.Event()
    first = asyncio.create_task(thread.run(held))
    await asyncio.to_thread(held.begun.wait)
    second = asyncio.create_task(thread.run(lambda: None, followed.set))
    await asyncio.sleep(0)
    second.cancel()
    held.free.set()
    await asyncio.wait({first, second})
    assert second.cancelled()
    assert followed.is_set()


async def test_failure_after_the_caller_left_is_logged(thread: WriterThread) -> None:
    held = BlockedJob()

    def job() -> None:
        held()
        raise ValueError("unseen")

    with capture_logs() as logs:
        caller = asyncio.create_task(thread.run(job))
        await asyncio.to_thread(held.begun.wait)
        caller.cancel()
        await asyncio.sleep(0)
        held.free.set()
        await asyncio.wait({caller})
    assert caller.cancelled()
    assert [log["event"] for log in logs] == ["work_failed_after_caller_left"]


async def test_close_waits_for_running_jobs_and_refuses_new_ones() -> None:
    thread, held = WriterThread("test writer"), BlockedJob()
    given = asyncio.create_task(thread.run(held))
    await asyncio.to_thread(held.begun.wait)
    closing = asyncio.create_task(thread.close())
    _done, waiting = await asyncio.wait({closing}, timeout=0.01)
    assert waiting
    with pytest.raises(RuntimeError, match="closed"):
        await thread.run(lambda: None)
    held.free.set()
    await closing
    assert await given == "done"
