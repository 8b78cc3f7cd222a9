"""End of a sandbox that has lost its server."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class OrphanClock:
    """Timer that runs while no server listens to the events."""

    def __init__(self, timeout: float) -> None:
        """Expire after `timeout` seconds without a listener."""
        self._timeout = timeout
        self._listeners = 0
        self._changed = asyncio.Event()

    @contextmanager
    def server_listening(self) -> Iterator[None]:
        """Count a listening server for the length of this block."""
        self._listeners += 1
        self._changed.set()
        try:
            yield
        finally:
            self._listeners -= 1
            self._changed.set()

    async def run(self) -> None:
        """Return once no server has listened for the whole timeout."""
        while True:
            self._changed.clear()
            try:
                async with asyncio.timeout(None if self._listeners else self._timeout):
                    await self._changed.wait()
            except TimeoutError:
                return
