"""Waiting for a condition, with a bound."""

import asyncio
import time
from collections.abc import Callable

STEP_SECONDS = 0.01


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Poll until `condition` holds; fails after `seconds`.

    For conditions without a notification, such as the end of a process or a file of another one.
    """
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"did not come true within {seconds} s: {condition}")
        time.sleep(STEP_SECONDS)


async def eventually(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Poll like `until`, but let the event loop run meanwhile."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - there is no notification
            await asyncio.sleep(STEP_SECONDS)
