"""Keeps live sessions: runs them, ends them in time, takes them over after a restart."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from types import TracebackType

import structlog

from cellblock_server.clock import SteadyClock
from cellblock_server.errors import CellblockError, UnavailableError
from cellblock_server.patience import until_available
from cellblock_server.sandbox.backend import Backend
from cellblock_server.sessions.expiry import due, next_look
from cellblock_server.sessions.live import End, LiveSession, expired, failed
from cellblock_server.sessions.reconciler import Key, Reconciler
from cellblock_server.sessions.starter import SessionStarter
from cellblock_server.store.records import (
    EndReason,
    SessionRecord,
)
from cellblock_server.store.sessions import SessionStore

HOUSEKEEPING = timedelta(seconds=10)
"""How often what could not be removed or taken over is tried again."""

REMOVALS = 10
"""Of what could not be removed before, at a time."""
RECONCILE_SECONDS = 30.0
"""How often what runs is compared with what should: after a fault, or another hand in it."""

SHORTEST_LOOK = timedelta(milliseconds=10)
"""Keeps a clock that jumps from making housekeeping spin."""

log = structlog.get_logger(__name__)


class SessionKeeper:
    """Owns every live session's task. An async context manager: leaving it lets go of all."""

    def __init__(
        self,
        starter: SessionStarter,
        store: SessionStore,
        lifetime_cap: timedelta,
        now: SteadyClock,
        measure_last: Callable[[SessionRecord], Awaitable[None]],
        *,
        end_on_shutdown: bool,
    ) -> None:
        """Run the sessions of `starter`'s backend; with `end_on_shutdown` none outlives us.

        `measure_last` is awaited before a sandbox is removed.
        """
        self._measure_last = measure_last
        self._starter = starter
        self._backend: Backend = starter.backend
        self._store = store
        self._cap = lifetime_cap
        self._now = now
        self._end_on_shutdown = end_on_shutdown
        self._live: dict[Key, LiveSession] = {}
        self._left_behind: set[str] = set()
        self.reconciled = asyncio.Event()
        """Set when all that ran before this server has been taken over or ended."""
        self._making: set[Key] = set()
        self._reconciler = Reconciler(starter, store, self._owned, self.keep)
        self._reconciled_at = -math.inf
        self._changed = asyncio.Event()
        self._next_look: datetime | None = None
        """When housekeeping looks again; None while it looks."""
        self._tasks = asyncio.TaskGroup()
        self._keepers: dict[Key, asyncio.Task[None]] = {}
        self._housekeeping: asyncio.Task[None] | None = None

    @property
    def count(self) -> int:
        """How many sessions live."""
        return len(self._live)

    @property
    def left_behind(self) -> int:
        """How many sandboxes of ended sessions could not be removed yet."""
        return len(self._left_behind)

    def live(self) -> list[LiveSession]:
        """All live sessions, as they were made or taken over."""
        return list(self._live.values())

    def records(self) -> list[SessionRecord]:
        """All live sessions."""
        return [live.record for live in self._live.values()]

    def count_of(self, tenant: str) -> int:
        """How many sessions of a tenant live."""
        return sum(record.tenant == tenant for record in self.records())

    def unfinished_of(self, tenant: str) -> int:
        """How many executions of a tenant wait or run."""
        return sum(
            live.runner.unfinished for live in self._live.values() if live.record.tenant == tenant
        )

    def find(self, tenant: str, session_id: str) -> LiveSession | None:
        """A live session by id."""
        return self._live.get((tenant, session_id))

    @contextmanager
    def making(self, record: SessionRecord) -> Iterator[None]:
        """A block in which a session is stored and made: it is not lost meanwhile."""
        self._making.add(_key(record))
        try:
            yield
        finally:
            self._making.discard(_key(record))

    def keep(self, live: LiveSession) -> None:
        """Run a session from now on."""
        key = _key(live.record)
        live.runner.on_idle = partial(self.reconsider, live.record)
        self._live[key] = live
        task = self._tasks.create_task(self._run(live), name=f"session {live.record.id}")
        self._keepers[key] = task
        self.reconsider(live.record)

    def reconsider(self, record: SessionRecord) -> None:
        """Take note that a session was made, used or changed, and may expire at another time.

        Costs the same however many others there are: most changes put the end off.
        """
        live = self._live.get(_key(record))
        if live is not None and (self._next_look is None or self._look_due(live) < self._next_look):
            self._changed.set()

    async def __aenter__(self) -> "SessionKeeper":
        """Take over what runs already, and begin to keep time."""
        await self._tasks.__aenter__()
        await self._reconcile()
        self._housekeeping = self._tasks.create_task(self._keep_house(), name="housekeeping")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go of all sessions; end them if asked to, or if they can't outlive us."""
        if self._housekeeping is not None:
            self._housekeeping.cancel()
        if self._end_on_shutdown or not self._backend.sessions_outlive_server:
            stopped = failed(EndReason.SERVER_STOPPED, "the server was stopped")
            for live in list(self._live.values()):
                live.request_end(stopped)
        else:
            for task in self._keepers.values():
                task.cancel()
        # What ended the block is not the tasks' fault, and must not be wrapped as theirs.
        await self._tasks.__aexit__(None, None, None)

    async def _run(self, live: LiveSession) -> None:
        record = live.record
        # This task outlives the call that made the session.
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(session_id=record.id)
        try:
            end = await self._until_end(live)
            await self._measure_last(record)
            log.info("session_ended", state=end.state.name, reason=end.reason.name)
            await self._store_end(live, end)
            await self._destroy(record.sandbox_id)
        except Exception:
            # A fault of ours; the session has no end then, but nothing may go on running.
            log.exception("session_end_not_stored")
            self._left_behind.add(record.sandbox_id)
            self._changed.set()
        finally:
            del self._live[_key(record)]
            del self._keepers[_key(record)]
            live.ended.set()
            await live.agent.close()
            if live.way_out is not None:
                await live.way_out.close()

    async def _until_end(self, live: LiveSession) -> End:
        try:
            return await live.until_end(self._backend)
        except Exception:
            # A fault of ours in one session must not end the others.
            log.exception("session_failed")
            return failed(EndReason.SERVER_FAULT, "a fault in the server")

    async def _store_end(self, live: LiveSession, end: End) -> None:
        why = f"the session ended: {end.message}"
        ending = live.ending(end, self._now)
        try:
            await until_available(partial(live.runner.end, end.running_end(), why, ending))
        except Exception:
            # A fault of ours; what is stored still tells which executions have no end.
            log.exception("executions_not_ended")
            await until_available(partial(self._reconciler.store_end, live.record, end, ending))

    async def _destroy(self, sandbox_id: str) -> None:
        try:
            await self._backend.destroy(sandbox_id)
        except (CellblockError, OSError):
            # The session has ended all the same; housekeeping tries again.
            log.exception("sandbox_not_removed", sandbox_id=sandbox_id)
            self._left_behind.add(sandbox_id)

    async def _keep_house(self) -> None:
        while True:
            self._changed.clear()
            self._next_look = None
            try:
                await self._look_after_all()
            except Exception:
                # A fault of ours; sessions must go on and expire all the same.
                log.exception("housekeeping_failed")
            pause = self._until_next_look()
            self._next_look = self._now() + pause
            try:
                async with asyncio.timeout(pause.total_seconds()):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def _look_after_all(self) -> None:
        self._expire()
        since = time.monotonic() - self._reconciled_at
        if not self.reconciled.is_set() or since >= RECONCILE_SECONDS:
            await self._reconcile()
        await self._remove_left_behind()

    async def _remove_left_behind(self) -> None:
        """Try again, until nothing works: sessions must expire in time while the engine is away."""
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
            end = due(live.record, self._cap, now, busy=live.runner.busy)
            if end is not None:
                live.request_end(expired(*end))

    def _until_next_look(self) -> timedelta:
        now = self._now()
        ends = [self._look_due(live) - now for live in self._live.values()]
        return max(SHORTEST_LOOK, min([HOUSEKEEPING, *ends]))

    def _look_due(self, live: LiveSession) -> datetime:
        return next_look(live.record, self._cap, busy=live.runner.busy)

    async def _reconcile(self) -> None:
        """Take over what runs already; later, look for what should not be as it is."""
        self._reconciled_at = time.monotonic()
        try:
            if self.reconciled.is_set():
                await self._reconciler.look()
            else:
                await self._reconciler.take_over()
                self.reconciled.set()
        except* UnavailableError as errors:
            log.warning("not_reconciled", detail=str(errors.exceptions[0]))

    def _owned(self) -> frozenset[Key]:
        return frozenset({*self._live, *self._making})


def _key(record: SessionRecord) -> Key:
    return record.tenant, record.id
