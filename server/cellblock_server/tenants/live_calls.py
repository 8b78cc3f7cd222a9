"""Open streams, which end when the API key that opened them becomes invalid."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from cellblock_server.common.errors import UnauthenticatedError
from cellblock_server.common.interruptible import Interruptible
from cellblock_server.tenants.keys import Credential, KeyService

CHECK_SECONDS = 1.0
"""Longest time that a call outlives its expired key; a revocation ends it immediately."""


class LiveCall(Interruptible[UnauthenticatedError]):
    """One stream, opened with a key."""

    def __init__(self, credential: Credential, task: "asyncio.Task[object]") -> None:
        """Use `LiveCalls.during`."""
        super().__init__(task)
        self.credential = credential


class LiveCalls:
    """Ends the calls of invalid keys while it is `run`."""

    def __init__(self, keys: KeyService) -> None:
        """Check credentials with `keys`."""
        self._keys = keys
        self._calls: set[LiveCall] = set()
        self._changed = asyncio.Event()
        keys.on_change = self._changed.set

    @contextmanager
    def during(self, credential: Credential) -> Iterator[LiveCall]:
        """Register the current task's call while the block runs."""
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
        """Check calls until cancelled."""
        while True:
            self._changed.clear()
            for call in list(self._calls):
                if (fault := self._keys.fault_of(call.credential)) is not None:
                    call.end(fault)
            try:
                async with asyncio.timeout(CHECK_SECONDS):
                    await self._changed.wait()
            except TimeoutError:
                continue
