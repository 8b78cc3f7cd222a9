"""Supervision of background tasks: a failure is logged, counted and shown, and ends nothing else.

`Supervisor.supervise` runs a loop and restarts it when it fails. `Supervisor.task_set` owns tasks
that run once. Both report to the one supervisor of the server, which `health`, `top` and `doctor`
ask. No exception of a background task reaches the server's main task.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from cellblock_server.common.errors import CellblockError

MAX_PROBLEM_CHARS = 300
"""Length of a failure's text in a status."""

log = structlog.get_logger(__name__)


class TaskEndedError(Exception):
    """A loop that should run until it is cancelled returned, or was cancelled by itself."""


@dataclass(frozen=True)
class RestartPauses:
    """Pauses between a failure of a task and its restart, in seconds."""

    first: float = 1.0
    longest: float = 60.0
    """The pause doubles with each failure up to this."""
    steady: float = 60.0
    """A task that ran for so long counts as well: its next pause is the first one again."""


@dataclass(frozen=True)
class TaskStatus:
    """State of one background task, or of all tasks of one task set."""

    name: str
    failures: int
    """Unexpected failures since the server's start."""
    last_failure: str
    """Type and message of the last one; empty if there was none."""
    last_failure_time: datetime | None
    restart_time: datetime | None
    """Time of its restart; None while it runs."""
    is_failing: bool
    """Whether it failed and has not run well for `RestartPauses.steady` since."""


class Supervisor:
    """Runs the server's background tasks.

    Args:
        count_failure: Called with a task's name for each unexpected failure, for a metric.
        pauses: Times between a failure and the restart.
    """

    def __init__(
        self,
        count_failure: Callable[[str], None] = lambda _name: None,
        *,
        pauses: RestartPauses | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start with no task."""
        self._count_failure = count_failure
        self._pauses = pauses or RestartPauses()
        self._monotonic = monotonic
        self._tasks: dict[str, _Task] = {}

    def statuses(self) -> list[TaskStatus]:
        """Return the state of every task, in the order in which they were started."""
        now = self._monotonic()
        return [task.status(now, self._pauses.steady) for task in self._tasks.values()]

    def failing(self) -> list[TaskStatus]:
        """Return the tasks that failed and have not run well for long enough since."""
        return [status for status in self.statuses() if status.is_failing]

    @asynccontextmanager
    async def supervise(
        self, name: str, loop: Callable[[], Awaitable[None]]
    ) -> AsyncIterator[None]:
        """Run `loop` while the block runs, and restart it whenever it raises or returns.

        `name` is unique within the server. Leaving the block cancels the loop and waits for it.
        """
        task = asyncio.create_task(self._run(name, loop), name=name)
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait({task})
            self._tasks.pop(name, None)

    def task_set(self, name: str) -> "TaskSet":
        """Return an owner for tasks that run once; `name` is what their failures count for."""
        self._tasks.setdefault(name, _Task(name))
        return TaskSet(name, self)

    def report(self, name: str, error: BaseException) -> None:
        """Log and count the failure of a task that its owner runs itself."""
        self._tasks.setdefault(name, _Task(name)).fail(error, self._monotonic())
        self._count_failure(name)
        # The message of an expected error is enough; any other error needs its traceback.
        trace = None if isinstance(error, CellblockError) else error
        log.error("background_task_failed", task=name, problem=_describe(error), exc_info=trace)

    async def _run(self, name: str, loop: Callable[[], Awaitable[None]]) -> None:
        # The task outlives the call in which it may have been started.
        structlog.contextvars.clear_contextvars()
        task = self._tasks[name] = _Task(name)
        pause = 0.0
        while True:
            began = self._monotonic()
            try:
                await loop()
                raise TaskEndedError("it returned, but should run until it is cancelled")
            except asyncio.CancelledError as error:
                if _is_cancelled():
                    raise
                # gRPC raises this of itself, for instance when a channel is closed under a call.
                failure: BaseException = TaskEndedError("a call in it was cancelled")
                failure.__cause__ = error
            except Exception as error:
                failure = error
                if _is_cancelled():
                    # Its cleanup failed, or it turned its cancellation into another error.
                    self.report(name, failure)
                    raise asyncio.CancelledError from error
            if self._monotonic() - began >= self._pauses.steady:
                pause = 0.0
            pause = min(max(self._pauses.first, 2 * pause), self._pauses.longest)
            self.report(name, failure)
            task.restart_time = datetime.now(UTC) + timedelta(seconds=pause)
            await asyncio.sleep(pause)
            task.restart_time = None
            log.info("background_task_restarted", task=name, pause=pause)


class TaskSet:
    """Owner of tasks that run once. The failure of one is reported, and ends no other task."""

    def __init__(self, name: str, supervisor: Supervisor) -> None:
        """Use `Supervisor.task_set`."""
        self._name = name
        self._supervisor = supervisor
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[None, None, None], name: str = "") -> asyncio.Task[None]:
        """Run `work` as a task; its failure is reported and not raised to those who wait."""
        task = asyncio.create_task(self._run(work), name=name or self._name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def join(self) -> None:
        """Wait until all tasks have ended, those included that are started meanwhile."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def cancel(self) -> None:
        """Cancel all tasks and wait for their ends."""
        for task in list(self._tasks):
            task.cancel()
        await self.join()

    async def _run(self, work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except asyncio.CancelledError as error:
            if _is_cancelled():
                raise
            self._supervisor.report(self._name, error)
        except Exception as error:  # noqa: BLE001 - reported with its traceback
            self._supervisor.report(self._name, error)


class _Task:
    """Record of one task's failures, or of those of a task set."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._failures = 0
        self._last_failure = ""
        self._last_failure_time: datetime | None = None
        self._failed_at = 0.0
        self.restart_time: datetime | None = None

    def fail(self, error: BaseException, now: float) -> None:
        self._failures += 1
        self._last_failure = _describe(error)
        self._last_failure_time = datetime.now(UTC)
        self._failed_at = now

    def status(self, now: float, steady: float) -> TaskStatus:
        has_recovered = self.restart_time is None and now - self._failed_at >= steady
        return TaskStatus(
            name=self._name,
            failures=self._failures,
            last_failure=self._last_failure,
            last_failure_time=self._last_failure_time,
            restart_time=self.restart_time,
            is_failing=bool(self._failures) and not has_recovered,
        )


def _describe(error: BaseException) -> str:
    known = isinstance(error, CellblockError)
    return (str(error) if known else f"{type(error).__name__}: {error}")[:MAX_PROBLEM_CHARS]


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is None or bool(task.cancelling())
