"""Keeps live sessions: runs them, ends them in time, takes them over after a restart."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from types import TracebackType

import structlog

from cellblock_server.clock import Clock
from cellblock_server.errors import CellblockError, UnavailableError, WrongStateError
from cellblock_server.patience import until_available
from cellblock_server.sandbox.agent_checks import ProtocolViolationError
from cellblock_server.sandbox.agent_errors import AgentGoneError
from cellblock_server.sandbox.agent_socket import HostileFolderError
from cellblock_server.sandbox.backend import Backend, Sandbox
from cellblock_server.sessions.expiry import due, next_look
from cellblock_server.sessions.live import End, LiveSession, expired, failed
from cellblock_server.sessions.starter import SessionStarter
from cellblock_server.store.records import (
    EndReason,
    ExecutionStatus,
    Failure,
    FailureCause,
    SessionRecord,
    SessionState,
)
from cellblock_server.store.sessions import SessionStore

HOUSEKEEPING = timedelta(seconds=10)
"""How often what could not be removed or taken over is tried again."""

SHORTEST_LOOK = timedelta(milliseconds=10)
"""Keeps a clock that jumps from making housekeeping spin."""

Key = tuple[str, str]
"""Tenant and session id: two tenants may have chosen the same id."""

log = structlog.get_logger(__name__)


class SessionKeeper:
    """Owns every live session's task. An async context manager: leaving it lets go of all."""

    def __init__(
        self,
        starter: SessionStarter,
        store: SessionStore,
        lifetime_cap: timedelta,
        now: Clock,
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
        self._started = now()
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
        await self._try_to_reconcile()
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
            await self._end_executions(live, end)
            carried = live.carried_bytes - live.billed_bytes
            await until_available(partial(self._store_end, record, end, egress_bytes=carried))
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

    async def _end_executions(self, live: LiveSession, end: End) -> None:
        why = f"the session ended: {end.message}"
        try:
            await until_available(partial(live.runner.end, end.running_end(), why))
        except Exception:
            # A fault of ours; what is stored still tells which of them have no end.
            log.exception("executions_not_ended")
            await until_available(partial(self._end_unfinished, live.record, end))

    async def _store_end(
        self,
        record: SessionRecord,
        end: End,
        *,
        alive_until: datetime | None = None,
        egress_bytes: int = 0,
    ) -> None:
        async with self._starter.journal.transaction() as transaction:
            transaction.bill(
                record, transaction.now, alive_until=alive_until, egress_bytes=egress_bytes
            )
            transaction.change_session(
                record,
                state=end.state,
                end_reason=end.reason,
                end_message=end.message,
                end_time=transaction.now,
            )

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
        if not self.reconciled.is_set():
            await self._try_to_reconcile()
        for sandbox_id in list(self._left_behind):
            self._left_behind.discard(sandbox_id)
            await self._destroy(sandbox_id)

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

    async def _try_to_reconcile(self) -> None:
        try:
            await self._reconcile()
            self.reconciled.set()
        except UnavailableError as error:
            log.warning("engine_not_there_yet", detail=error.message)

    async def _reconcile(self) -> None:
        """Take over what runs and belongs to a session; end and remove the rest."""
        sandboxes = {sandbox.id: sandbox for sandbox in await self._backend.list()}
        # At once: one that does not answer must not hold up all others. The records are read
        # after the list: a sandbox that is being created has one by now.
        async with asyncio.TaskGroup() as tasks:
            for record in await self._store.alive():
                sandbox = sandboxes.pop(record.sandbox_id, None)
                if _key(record) not in self._live and record.create_time < self._started:
                    tasks.create_task(self._adopt(record, sandbox), name=f"adopt {record.id}")
        for sandbox_id in sandboxes:
            log.warning("sandbox_without_session_removed", sandbox_id=sandbox_id)
            await self._destroy(sandbox_id)

    async def _adopt(self, record: SessionRecord, sandbox: Sandbox | None) -> None:
        problem, reason = "its sandbox was gone when the server started", EndReason.SANDBOX_LOST
        if record.state is SessionState.CREATING:
            problem = "the server stopped while it was being created"
        elif sandbox is not None:
            try:
                self.keep(await self._starter.adopt(record, sandbox))
                log.info("session_adopted", session_id=record.id)
                return
            except (AgentGoneError, HostileFolderError, WrongStateError) as error:
                problem = error.message
            except ProtocolViolationError as error:
                problem, reason = error.message, EndReason.PROTOCOL_VIOLATION
        end = failed(reason, problem)
        log.warning("session_lost", session_id=record.id, problem=problem)
        await self._end_unfinished(record, end)
        # Nobody knows when its sandbox ended: what was not billed before is not.
        last = record.billed_time or record.create_time
        await self._store_end(record, end, alive_until=last)
        await self._destroy(record.sandbox_id)

    async def _end_unfinished(self, record: SessionRecord, end: End) -> None:
        async with self._starter.journal.transaction() as transaction:
            for execution in await self._starter.executions.unfinished(record):
                if execution.status is ExecutionStatus.RUNNING:
                    transaction.finish(execution, *end.running_end())
                else:
                    failure = Failure(FailureCause.SESSION_ENDED, end.message)
                    transaction.finish(execution, ExecutionStatus.EXPIRED, failure)


def _key(record: SessionRecord) -> Key:
    return record.tenant, record.id
