"""Handling of calls when the server stops.

New calls are refused immediately. Streams that callers can resume end immediately, because the next
server can't start while one of them is open. Other calls may run for `server.drain_timeout`; then
they end with the same status.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta

from cellblock_server.common.errors import UnavailableError
from cellblock_server.common.interruptible import Interruptible

RETRY_AFTER = timedelta(milliseconds=200)


class OpenCall(Interruptible[UnavailableError]):
    """A call in progress."""

    is_resumable = False
    """Whether the caller can resume where this call ends."""

    def __init__(self, task: "asyncio.Task[object]", draining: "Draining") -> None:
        """Use `Draining.open_call`."""
        super().__init__(task)
        self.draining = draining


_CALL: ContextVar[OpenCall | None] = ContextVar("open_call", default=None)


def end_when_draining() -> None:
    """Let the current call end as soon as the server stops: its caller can resume it.

    Raises UnavailableError if the server is already stopping.
    """
    call = _CALL.get()
    if call is not None:
        call.is_resumable = True
        if call.draining.begun:
            # Named as the cause, so that this end is not taken for the caller's.
            call.fault = call.fault or _interrupted()
            raise call.fault


def is_ended_by_draining() -> bool:
    """Return whether the server's stop, and not its caller, ends the current call."""
    call = _CALL.get()
    return call is not None and call.fault is not None


class Draining:
    """Open calls, which end when the server stops."""

    def __init__(self) -> None:
        """Let all calls pass until `begin`."""
        self.begun = False
        """Whether the server is stopping."""
        self._calls: set[OpenCall] = set()

    def begin(self) -> None:
        """Refuse new calls, and end those that can be resumed."""
        self.begun = True
        for call in list(self._calls):
            if call.is_resumable:
                call.end(_interrupted())

    def end_all(self) -> None:
        """End all calls that are still open."""
        for call in list(self._calls):
            call.end(
                UnavailableError(
                    "SERVER_STOPPED",
                    "the server stopped before this call had ended, which may have been done; "
                    "to repeat it is safe if you chose the id of what it makes",
                    RETRY_AFTER,
                )
            )

    @contextmanager
    def open_call(self, *, refuse: bool = True) -> Iterator[OpenCall]:
        """Register the current task's call while the block runs.

        Raises UnavailableError if the server is already stopping, unless `refuse` is false.
        """
        if self.begun and refuse:
            raise _stopping("the server is stopping, and has not begun this call; call again")
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("not in a task")
        call = OpenCall(task, self)
        self._calls.add(call)
        _CALL.set(call)
        try:
            yield call
        finally:
            self._calls.discard(call)


def _stopping(message: str) -> UnavailableError:
    return UnavailableError("SERVER_STOPPING", message, RETRY_AFTER)


def _interrupted() -> UnavailableError:
    return _stopping("the server is stopping; resume this call where it ended")
