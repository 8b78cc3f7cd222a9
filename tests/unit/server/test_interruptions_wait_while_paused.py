"""An interruption of a call that gRPC holds waits, and then ends the call from within."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import pytest

from cellblock_server.common.interruptible import Interruptible


class StoppedError(Exception):
    """The error that ends the work."""


def current() -> "asyncio.Task[object]":
    task = asyncio.current_task()
    assert task is not None
    return task


@contextmanager
def noting(seen: list[type[BaseException]]) -> Iterator[None]:
    """A block within the work that notes which error it sees."""
    try:
        yield
    except BaseException as error:
        seen.append(type(error))
        raise


async def end_while_it_works(work: Interruptible[StoppedError]) -> None:
    work.end(StoppedError())
    await asyncio.Event().wait()


async def end_while_it_is_paused(work: Interruptible[StoppedError]) -> None:
    work.pause()
    work.end(StoppedError())
    await asyncio.sleep(0)
    work.resume()


@pytest.mark.parametrize("end", [end_while_it_works, end_while_it_is_paused])
async def test_work_sees_a_cancellation_and_its_caller_the_error(
    end: Callable[[Interruptible[StoppedError]], Awaitable[None]],
) -> None:
    seen: list[type[BaseException]] = []
    work = Interruptible[StoppedError](current())
    with pytest.raises(StoppedError), work.working(), noting(seen):
        await end(work)
    assert seen == [asyncio.CancelledError]
    assert not current().cancelling()


async def test_work_that_is_never_interrupted_goes_on_after_a_pause() -> None:
    work = Interruptible[StoppedError](current())
    with work.working():
        work.pause()
        work.resume()
        await asyncio.sleep(0)


def end_both(outer: Interruptible[StoppedError], inner: Interruptible[ValueError]) -> None:
    inner.pause()
    outer.pause()
    inner.end(ValueError())
    outer.end(StoppedError())
    outer.resume()


async def test_the_outer_of_two_interruptions_counts() -> None:
    outer = Interruptible[StoppedError](current())
    inner = Interruptible[ValueError](current())
    with pytest.raises(StoppedError), outer.working(), inner.working():
        end_both(outer, inner)
