"""Work that must be completed even if its caller leaves."""

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

import structlog

T = TypeVar("T")

log = structlog.get_logger(__name__)


async def uninterrupted(work: Coroutine[None, None, T]) -> T:
    """Await `work` to its end even if the caller is cancelled meanwhile.

    A cancelled caller still waits for the end, and is cancelled then, so that the work always has
    an owner.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            try:
                await asyncio.wait({task})
            except asyncio.CancelledError:
                continue
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("work_failed_after_caller_left", exc_info=error)
        raise
