"""Retries while a store or engine is unavailable."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

import structlog

from cellblock_server.common.errors import UnavailableError

T = TypeVar("T")

FIRST_WAIT = timedelta(milliseconds=100)
LONGEST_WAIT = timedelta(seconds=5)

log = structlog.get_logger(__name__)


async def until_available(work: Callable[[], Awaitable[T]]) -> T:
    """Call `work` until it doesn't raise UnavailableError, with growing pauses.

    For work that must not be dropped, such as recording output: it ends with success, another
    error, or cancellation.
    """
    wait = FIRST_WAIT
    while True:
        try:
            return await work()
        except UnavailableError as error:
            log.warning("unavailable_trying_again", reason=error.reason, detail=str(error))
        await asyncio.sleep(wait.total_seconds())
        wait = min(wait * 2, LONGEST_WAIT)
