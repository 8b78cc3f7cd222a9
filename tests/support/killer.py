"""Kills a server at seeded moments in its clients' work, and starts it again."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeVar

from tests.support.server import ServerProcess

T = TypeVar("T")

MOMENTS = {
    "creating": 1,
    "created": 1,
    "executing": 3,
    "event": 20,
    "cancelling": 1,
    "uploading": 4,
    "attaching": 1,
    "writing": 1,
    "deleting": 2,
}
"""Moments that clients report, and the maximum number of each before the kill."""
PATIENCE = 25
"""After this number of other moments, any moment triggers the kill.

Moments are counted instead of time, so that clients also progress on a busy machine.
"""
STUCK_SECONDS = 300.0
"""Seconds without any moment after which the test fails."""
SPAN_SECONDS = 0.3
"""A kill in the middle of a call comes within so long after it was sent."""
START_SECONDS = 1.5
"""A kill of a server that starts comes within so long."""
STARTING = 0.15
"""Share of the restarts that are killed themselves."""


@dataclass
class Killer:
    """Kills `server`; calls `check_dead` after each kill."""

    server: ServerProcess
    random: Random
    check_dead: Callable[[], None]
    hits: list[str] = field(default_factory=list)
    """The moments at which it was killed."""

    def __post_init__(self) -> None:
        self._wanted = ""
        self._left = 0
        self._patience = 0
        self._come = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    async def during(self, moment: str, call: Coroutine[Any, Any, T]) -> T:
        """Make a call; if this is the chosen moment, kill the server in the middle of it."""
        made = asyncio.ensure_future(call)
        try:
            if self._is_now(moment):
                await asyncio.wait({made}, timeout=self.random.uniform(0, SPAN_SECONDS))
                self._kill(moment)
            return await made
        finally:
            made.cancel()

    def reached(self, moment: str) -> None:
        """Kill the server here if this is the chosen moment."""
        if self._is_now(moment):
            self._kill(moment)

    def reached_in_thread(self, moment: str) -> None:
        """Report a moment from another thread; it takes effect a little later."""
        self._loop.call_soon_threadsafe(self.reached, moment)

    async def run(self, kills: int) -> None:
        """Kill the server so many times; it is running at the end."""
        while len(self.hits) < kills:
            self._come.clear()
            self._wanted = self.random.choice(list(MOMENTS))
            self._left = self.random.randint(1, MOMENTS[self._wanted])
            self._patience = PATIENCE
            async with asyncio.timeout(STUCK_SECONDS):
                await self._come.wait()
            self.check_dead()
            await self._start()

    async def _start(self) -> None:
        while self.random.random() < STARTING:
            self.server.launch()
            await asyncio.sleep(self.random.uniform(0, START_SECONDS))
            self._kill("starting")
            self.check_dead()
        await asyncio.to_thread(self.server.start)

    def _is_now(self, moment: str) -> bool:
        if not self._wanted:
            return False
        self._patience -= 1
        self._left -= moment == self._wanted
        if self._left and self._patience:
            return False
        self._wanted = ""
        return True

    def _kill(self, moment: str) -> None:
        self._wanted = ""
        if self.server.running:
            self.server.kill()
            self.hits.append(moment)
        self._come.set()
