"""Keeper of live sessions: runs them, ends them in time, takes them over after a restart."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from types import TracebackType

import structlog

from cellblock_server.backends.backend import Backend
from cellblock_server.common.clock import SteadyClock
from cellblock_server.common.errors import CellblockError, UnavailableError
from cellblock_server.common.patience import until_available
from cellblock_server.common.supervisor import Supervisor
from cellblock_server.common.waiting import set_within
from cellblock_server.journal.tracked import TrackedSession
from cellblock_server.sessions.expiry import due, earliest_expiry
from cellblock_server.sessions.live import End, LiveSession, expired, failed
from cellblock_server.sessions.reconciler import Key, Reconciler
from cellblock_server.sessions.starter import SessionStarter
from cellblock_server.store.records import (
    EndReason,
    SessionRecord,
)
from cellblock_server.store.sessions import SessionStore

REMOVALS = 10
"""Number of left-behind sandboxes that are removed at a time."""
SHORTEST_WAIT = timedelta(milliseconds=10)
"""Shortest wait for an expiry: a clock that jumps must not cause a busy loop."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class KeeperTimings:
    """Times of the session keeper, in seconds."""

    housekeeping: float = 10.0
    """Pause between two attempts to remove left-behind sandboxes or take over sessions."""
    reconcile: float = 30.0
    """Pause between two comparisons of the sandboxes that run with those that should run: faults,
    or changes from outside Cellblock, make them differ."""


class SessionKeeper:
    """Owner of every live session's task. An async context manager: leaving it stops all tasks."""

    def __init__(
        self,
        starter: SessionStarter,
        store: SessionStore,
        max_age: timedelta,
        now: SteadyClock,
        measure_last: Callable[[TrackedSession], Awaitable[None]],
        supervisor: Supervisor,
        *,
        end_on_shutdown: bool,
        timings: KeeperTimings | None = None,
    ) -> None:
        """Run the sessions of `starter`'s backend; with `end_on_shutdown` none outlives the server.

        `measure_last` is awaited before a sandbox is removed.
        """
        self._timings = timings or KeeperTimings()
        self._measure_last = measure_last
        self._starter = starter
        self._backend: Backend = starter.backend
        self._store = store
        self._max_age = max_age
        self._now = now
        self._end_on_shutdown = end_on_shutdown
        self._live: dict[Key, LiveSession] = {}
        self._left_behind: set[str] = set()
        self.reconciled = asyncio.Event()
        """Set when all sessions of earlier servers have been taken over or ended."""
        self._making: set[Key] = set()
        self._reconciler = Reconciler(starter, store, self._owned, self.run_session)
        self._reconciled_at = -math.inf
        self._changed = asyncio.Event()
        """Set when the expiry of a session may have changed."""
        self._next_check: datetime | None = None
        """Time of the next check for expired sessions; None during a check."""
        self._has_more_left_behind = asyncio.Event()
        self._supervisor = supervisor
        self._tasks = supervisor.task_set("sessions")
        self._keepers: dict[Key, asyncio.Task[None]] = {}
        self._loops = AsyncExitStack()

    @property
    def count(self) -> int:
        """Return the number of live sessions."""
        return len(self._live)

    @property
    def left_behind(self) -> int:
        """Return the number of sandboxes of ended sessions that could not be removed yet."""
        return len(self._left_behind)

    def live(self) -> list[LiveSession]:
        """Return all live sessions, in the order in which they were created or taken over."""
        return list(self._live.values())

    def records(self) -> list[SessionRecord]:
        """Return the records of all live sessions."""
        return [live.record for live in self._live.values()]

    def sessions(self) -> list[TrackedSession]:
        """Return the tracked records of all live sessions."""
        return [live.session for live in self._live.values()]

    def count_of(self, tenant: str) -> int:
        """Return the number of a tenant's live sessions."""
        return sum(record.tenant == tenant for record in self.records())

    def unfinished_of(self, tenant: str) -> int:
        """Return the number of a tenant's executions that wait or run."""
        return sum(
            live.runner.unfinished for live in self._live.values() if live.record.tenant == tenant
        )

    def find_live_session(self, tenant: str, session_id: str) -> LiveSession | None:
        """Return a live session by id; None if there is none."""
        return self._live.get((tenant, session_id))

    @contextmanager
    def mark_creating(self, record: SessionRecord) -> Iterator[None]:
        """Mark a session as being created while the block runs: it must not count as lost."""
        self._making.add(_key(record))
        try:
            yield
        finally:
            self._making.discard(_key(record))

    def run_session(self, live: LiveSession) -> None:
        """Start the task that runs a session."""
        key = _key(live.record)
        live.runner.on_idle = partial(self.reconsider, live.record)
        self._live[key] = live
        task = self._tasks.start(self._run(live), name=f"session {live.record.id}")
        self._keepers[key] = task
        self.reconsider(live.record)

    def reconsider(self, record: SessionRecord) -> None:
        """Note that a session was created, used or changed: its expiry may have changed.

        Takes constant time: most changes postpone the expiry.
        """
        live = self._live.get(_key(record))
        if live is not None and (
            self._next_check is None or self._expiry_check_due(live) < self._next_check
        ):
            self._changed.set()

    async def __aenter__(self) -> "SessionKeeper":
        """Take over the sessions that run already, and start the background tasks."""
        try:
            await self._reconcile()
        except Exception as error:  # noqa: BLE001 - reported; housekeeping retries
            self._supervisor.report("housekeeping", error)
        supervise = self._supervisor.supervise
        await self._loops.enter_async_context(supervise("session_expiry", self._keep_time))
        await self._loops.enter_async_context(supervise("housekeeping", self._keep_house))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop all tasks; end sessions if configured, or if the backend can't keep them running."""
        await self._loops.aclose()
        if self._end_on_shutdown or not self._backend.capabilities.outlives_server:
            stopped = failed(EndReason.SERVER_STOPPED, "the server was stopped")
            for live in list(self._live.values()):
                live.request_end(stopped)
        else:
            await self._tasks.cancel()
        await self._tasks.join()

    async def _run(self, live: LiveSession) -> None:
        record = live.record
        # This task outlives the call that created the session.
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(session_id=record.id)
        try:
            end = await self._until_end(live)
            await self._measure_last(live.session)
            log.info("session_ended", state=end.state.name, reason=end.reason.name)
            await self._store_end(live, end)
            await self._destroy(record.sandbox_id)
        except Exception:
            # A server error: no end is stored, but the sandbox must not keep running.
            log.exception("session_end_not_stored")
            self._left_behind.add(record.sandbox_id)
            self._has_more_left_behind.set()
        finally:
            del self._live[_key(record)]
            del self._keepers[_key(record)]
            live.ended.set()
            async with AsyncExitStack() as closing:
                if live.way_out is not None:
                    closing.push_async_callback(live.way_out.close)
                closing.push_async_callback(live.agent.close)

    async def _until_end(self, live: LiveSession) -> End:
        try:
            return await live.until_end(self._backend)
        except Exception:
            # A server error in one session must not end the others.
            log.exception("session_failed")
            return failed(EndReason.SERVER_FAULT, "a server error")

    async def _store_end(self, live: LiveSession, end: End) -> None:
        why = f"the session ended: {end.message}"
        ending = live.ending(end, self._now)
        try:
            await until_available(partial(live.runner.end, end.running_end(), why, ending))
        except Exception:
            # A server error; the stored records still show which executions have no end.
            log.exception("executions_not_ended")
            await until_available(partial(self._reconciler.store_end, live.record, end, ending))

    async def _destroy(self, sandbox_id: str) -> None:
        try:
            await self._backend.destroy(sandbox_id)
        except (CellblockError, OSError):
            # The session has ended anyway; housekeeping retries.
            log.exception("sandbox_not_removed", sandbox_id=sandbox_id)
            self._left_behind.add(sandbox_id)

    async def _keep_time(self) -> None:
        """End sessions in time. Doesn't wait for the engine or a store, which could delay it."""
        while True:
            self._changed.clear()
            self._next_check = None
            self._expire()
            pause = self._until_next_check()
            self._next_check = self._now() + pause
            try:
                async with asyncio.timeout(pause.total_seconds()):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def _keep_house(self) -> None:
        """Remove left-behind sandboxes, and compare what runs with what should run."""
        while True:
            self._has_more_left_behind.clear()
            since = time.monotonic() - self._reconciled_at
            if not self.reconciled.is_set() or since >= self._timings.reconcile:
                await self._reconcile()
            await self._remove_left_behind()
            await set_within(self._has_more_left_behind, self._timings.housekeeping)

    async def _remove_left_behind(self) -> None:
        """Retry removals until a whole batch fails: then the engine is unavailable."""
        waiting = list(self._left_behind)
        while batch := waiting[:REMOVALS]:
            del waiting[:REMOVALS]
            self._left_behind.difference_update(batch)
            await asyncio.gather(*map(self._destroy, batch))
            if self._left_behind.issuperset(batch):
                return

    def _expire(self) -> None:
        now = self._now()
        for live in self._live.values():
            end = due(live.record, self._max_age, now, busy=live.runner.busy)
            if end is not None:
                live.request_end(expired(*end))

    def _until_next_check(self) -> timedelta:
        now = self._now()
        ends = [self._expiry_check_due(live) - now for live in self._live.values()]
        return max(SHORTEST_WAIT, min([timedelta(seconds=self._timings.housekeeping), *ends]))

    def _expiry_check_due(self, live: LiveSession) -> datetime:
        return earliest_expiry(live.record, self._max_age, busy=live.runner.busy)

    async def _reconcile(self) -> None:
        """Take over running sessions the first time; later, compare stored and running ones."""
        self._reconciled_at = time.monotonic()
        try:
            if self.reconciled.is_set():
                await self._reconciler.reconcile_again()
            else:
                await self._reconciler.take_over()
                self.reconciled.set()
        except* UnavailableError as errors:
            log.warning("not_reconciled", detail=str(errors.exceptions[0]))

    def _owned(self) -> frozenset[Key]:
        return frozenset({*self._live, *self._making})


def _key(record: SessionRecord) -> Key:
    return record.tenant, record.id
