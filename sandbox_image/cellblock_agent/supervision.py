"""Restart of the agent's background loops: a failed loop does not end the session."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
"""Longest pause before a restart, in seconds; the pause doubles with each failure up to this."""

log = logging.getLogger(__name__)


async def keep_running(
    name: str, loop: Callable[[], Awaitable[None]], *, first_pause: float = FIRST_PAUSE_SECONDS
) -> None:
    """Run `loop` until cancelled; log a failure and run it again after a growing pause."""
    pause = first_pause
    while True:
        began = asyncio.get_running_loop().time()
        try:
            await loop()
            log.error("%s ended unexpectedly; restarting in %g s", name, pause)
        except Exception:
            log.exception("%s failed; restarting in %g s", name, pause)
        if asyncio.get_running_loop().time() - began > LONGEST_PAUSE_SECONDS:
            pause = first_pause
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
