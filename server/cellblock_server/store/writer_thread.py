"""Thread that writes to the database: one thread switch to it, and one back.

An executor with its futures, and a task that is shielded from its caller's cancellation, take as
long for a transaction as the transaction itself.
"""

import asyncio
import contextvars
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Generic, TypeVar, cast

import structlog

T = TypeVar("T")

log = structlog.get_logger(__name__)


class WriterThread:
    """Runs functions one after another, in the order in which they were given."""

    def __init__(self, name: str) -> None:
        """Start the thread. It ends with `close`, or with the process."""
        self._jobs: SimpleQueue[_Job[Any] | None] = SimpleQueue()
        self._is_closed = False
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    async def run(self, function: Callable[[], T], then: Callable[[], None] | None = None) -> T:
        """Return the result of `function`, or raise its exception.

        `then` is called in the event loop once `function` has returned, before any other task can
        see the result. A cancelled caller first waits for both, and is then cancelled.
        """
        if self._is_closed:
            raise RuntimeError("the thread has been closed")
        job = _Job(asyncio.get_running_loop(), function, then)
        self._jobs.put(job)
        return await job.end()

    async def close(self) -> None:
        """End the thread after the functions that it has been given."""
        self._is_closed = True
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                job.run()
            except Exception:
                # Without this thread every later write would wait forever.
                log.exception("writer_thread_failed")
            del job  # or the last one's results stay until the next one


class _Job(Generic[T]):
    """A function that the thread runs for a waiting task."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        function: Callable[[], T],
        then: Callable[[], None] | None,
    ) -> None:
        self._loop = loop
        self._function = function
        self._then = then
        self._result: T | None = None
        self._error: BaseException | None = None
        self._has_ended = False
        self._waiter: asyncio.Future[None] = loop.create_future()
        self._context = contextvars.copy_context()
        """Context of the caller, in which `then` runs."""

    def run(self) -> None:
        """Run the function in the thread."""
        try:
            self._result = self._function()
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            self._error = error
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._ended, context=self._context)

    def _ended(self) -> None:
        self._has_ended = True
        if self._then is not None and self._error is None:
            try:
                self._then()
            except BaseException as error:  # noqa: BLE001 - as above
                self._error = error
        if not self._waiter.done():
            self._waiter.set_result(None)

    async def end(self) -> T:
        """Wait for the end, even if the caller is cancelled. Called once."""
        cancelled: asyncio.CancelledError | None = None
        while True:
            try:
                await self._waiter
            except asyncio.CancelledError as error:
                cancelled = error
            if self._has_ended:
                break
            self._waiter = self._loop.create_future()
        failure, self._error = self._error, None
        if cancelled is not None:
            if failure is not None:
                log.warning("work_failed_after_caller_left", exc_info=failure)
            raise cancelled
        if failure is not None:
            raise failure
        return cast(T, self._result)
