"""Waiting for a condition, with a bound."""

import asyncio
import time
from collections.abc import Callable

STEP_SECONDS = 0.01


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Poll until `condition` holds; fails after `seconds`.

    For conditions that nothing tells of: another process's end, a file of another's.
    """
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"did not come true within {seconds} s: {condition}")
        time.sleep(STEP_SECONDS)


async def eventually(condition: Callable[[], bool], seconds: float = 20) -> None:
    """As `until`, for what needs the event loop meanwhile."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(STEP_SECONDS)
