"""Release of a kernel's memory while no code runs."""

import asyncio
import gc
import weakref
from collections.abc import Iterator

import pytest

from cellblock_agent.kernel.idle_memory import IdleMemory
from tests.support.waiting import eventually

QUIET = 0.05


class Cycle:
    """Object that only the collector can free."""

    def __init__(self) -> None:
        """Refer to itself."""
        self.itself = self


@pytest.fixture(autouse=True)
def no_other_collections() -> Iterator[None]:
    # Disable automatic collections: only the tested code may free a cycle.
    thresholds = gc.get_threshold()
    gc.set_threshold(0)
    yield
    gc.set_threshold(*thresholds)
    gc.enable()


async def test_cycles_are_collected_when_no_code_follows() -> None:
    left = weakref.ref(Cycle())
    IdleMemory(QUIET).code_ended()
    await eventually(lambda: left() is None)


async def test_nothing_is_done_while_code_runs() -> None:
    left = weakref.ref(Cycle())
    memory = IdleMemory(QUIET)
    memory.code_ended()
    memory.code_begins()
    await asyncio.sleep(QUIET)  # a timer that was set before this one is due before it
    assert left() is not None


async def test_code_that_turned_the_collector_off_keeps_its_cycles() -> None:
    left = weakref.ref(Cycle())
    gc.disable()
    trimmed = asyncio.Event()
    memory = IdleMemory(QUIET)
    memory._trim = lambda _keep: trimmed.set()
    memory.code_ended()
    await trimmed.wait()
    assert left() is not None
