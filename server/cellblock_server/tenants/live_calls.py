"""Streams that are open, and end when the key that they were opened with does."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from cellblock_server.common.errors import UnauthenticatedError
from cellblock_server.common.interruptible import Interruptible
from cellblock_server.tenants.keys import Credential, KeyService

LOOK_SECONDS = 1.0
"""How long a call may outlive its key's time; a revocation is seen at once."""


class LiveCall(Interruptible[UnauthenticatedError]):
    """One stream, opened with a key."""

    def __init__(self, credential: Credential, task: "asyncio.Task[object]") -> None:
        """Use `LiveCalls.during`."""
        super().__init__(task)
        self.credential = credential


class LiveCalls:
    """Watches over calls, while it is `run`."""

    def __init__(self, keys: KeyService) -> None:
        """End calls as `keys` says."""
        self._keys = keys
        self._calls: set[LiveCall] = set()
        self._changed = asyncio.Event()
        keys.on_change = self._changed.set

    @contextmanager
    def during(self, credential: Credential) -> Iterator[LiveCall]:
        """A block that is the current task's call."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("not in a task")
        call = LiveCall(credential, task)
        self._calls.add(call)
        try:
            yield call
        finally:
            self._calls.discard(call)

    async def run(self) -> None:
        """Go on until cancelled."""
        while True:
            self._changed.clear()
            for call in list(self._calls):
                if (fault := self._keys.fault_of(call.credential)) is not None:
                    call.end(fault)
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._changed.wait()
            except TimeoutError:
                continue
