"""What the store's thread is given is done in order and to its end, whoever leaves meanwhile."""

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


class Held:
    """Work that goes on when it is let go."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.free = threading.Event()

    def __call__(self) -> str:
        self.begun.set()
        self.free.wait()
        return "done"


async def test_jobs_are_done_one_by_one_in_order(thread: WriterThread) -> None:
    done: list[tuple[int, str]] = []

    def job(number: int) -> int:
        done.append((number, threading.current_thread().name))
        return number

    results = await asyncio.gather(
        *(thread.run(lambda number=number: job(number)) for number in range(JOBS))  # type: ignore[misc]
    )
    assert results == list(range(JOBS))
    assert done == [(number, "test writer") for number in range(JOBS)]


async def test_a_failure_is_raised_and_the_next_job_done(thread: WriterThread) -> None:
    then_called = False

    def then() -> None:
        nonlocal then_called
        then_called = True

    with pytest.raises(ZeroDivisionError):
        await thread.run(lambda: 1 // 0, then)
    assert not then_called
    assert await thread.run(lambda: 2) == 2


async def test_what_follows_is_done_in_the_loop_in_the_callers_name_before_it_goes_on(
    thread: WriterThread,
) -> None:
    where: list[tuple[threading.Thread, str]] = []
    NAME.set("caller")
    result = await thread.run(
        lambda: 1, lambda: where.append((threading.current_thread(), NAME.get()))
    )
    assert (result, where) == (1, [(threading.current_thread(), "caller")])


async def test_a_failure_of_what_follows_is_the_callers(thread: WriterThread) -> None:
    def then() -> None:
        raise ValueError("then")

    with pytest.raises(ValueError, match="then"):
        await thread.run(lambda: 1, then)


async def test_a_cancelled_caller_waits_for_the_end_of_both(thread: WriterThread) -> None:
    held, followed = Held(), asyncio.Event()
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


async def test_a_job_whose_caller_left_before_its_turn_is_done(thread: WriterThread) -> None:
    held, followed = Held(), asyncio.Event()
    first = asyncio.create_task(thread.run(held))
    await asyncio.to_thread(held.begun.wait)
    second = asyncio.create_task(thread.run(lambda: None, followed.set))
    await asyncio.sleep(0)
    second.cancel()
    held.free.set()
    await asyncio.wait({first, second})
    assert second.cancelled()
    assert followed.is_set()


async def test_a_failure_that_no_caller_sees_is_logged(thread: WriterThread) -> None:
    held = Held()

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


async def test_closing_waits_for_what_was_given_and_takes_no_more() -> None:
    thread, held = WriterThread("test writer"), Held()
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
