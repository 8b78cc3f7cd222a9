"""Sessions as callers use them: creation, retrieval, changes and ends."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import datetime, timedelta
from secrets import token_urlsafe

import structlog

from cellblock_server.agent.errors import AgentGoneError
from cellblock_server.backends.sandbox import SandboxSpec
from cellblock_server.common.clock import SteadyClock
from cellblock_server.common.errors import (
    AlreadyExistsError,
    CellblockError,
    ExhaustedError,
    NotFoundError,
    QuotaError,
    UnavailableError,
    WrongStateError,
)
from cellblock_server.common.ids import new_id
from cellblock_server.common.uninterrupted import uninterrupted
from cellblock_server.config import Settings
from cellblock_server.journal.session_changes import with_wall_times
from cellblock_server.journal.unit_of_work import UnitOfWork
from cellblock_server.sessions.expiry import expire_time
from cellblock_server.sessions.keeper import SessionKeeper
from cellblock_server.sessions.limits import sandbox_spec
from cellblock_server.sessions.live import DELETED, LiveSession
from cellblock_server.sessions.request import NewSession, check_labels, check_span
from cellblock_server.sessions.starter import SessionStarter
from cellblock_server.store.records import Page, SessionFilter, SessionRecord, SessionState
from cellblock_server.store.sessions import SessionStore
from cellblock_server.store.states import SESSION_ENDS
from cellblock_server.tenants.cpu_quota import CpuQuota
from cellblock_server.tenants.quotas import QuotaTable

log = structlog.get_logger(__name__)

RETRY_AFTER = timedelta(seconds=5)
"""Time after which a caller that met the session limit may retry."""
END_SECONDS = 10
"""Longest time, in seconds, that a call whose agent is gone waits for the session's end."""


class SessionManager:
    """Creates, finds, changes and ends sessions."""

    def __init__(
        self,
        settings: Settings,
        store: SessionStore,
        starter: SessionStarter,
        keeper: SessionKeeper,
        quotas: QuotaTable,
        cpu: CpuQuota,
        now: SteadyClock,
    ) -> None:
        """Store records in `store`; `keeper` runs the sessions that `starter` starts."""
        self._quotas = quotas
        self._cpu = cpu
        self._settings = settings
        self._store = store
        self._starter = starter
        self._keeper = keeper
        self._now = now
        self._creating: dict[tuple[str, str], asyncio.Task[SessionRecord]] = {}
        self._starting: Counter[str] = Counter()
        self._being_made: dict[tuple[str, str], asyncio.Event] = {}

    @property
    def creating(self) -> int:
        """Return the number of sessions that are being created."""
        return self._starting.total()

    async def create(self, tenant: str, new: NewSession) -> SessionRecord:
        """Create a session; see `CreateSession` in `session.proto`.

        A caller who leaves does not stop the creation: a retry with the same request id returns the
        session.
        """
        new.check(self._settings)
        if not new.request_id:
            return await uninterrupted(self._create(tenant, new))
        key = (tenant, new.request_id)
        # A retry while the first request is in progress waits for it.
        while (under_way := self._creating.get(key)) is not None:
            await asyncio.wait({under_way})
        task = self._creating[key] = asyncio.ensure_future(self._create_once(tenant, new))
        task.add_done_callback(lambda _task: self._creating.pop(key, None))
        return await uninterrupted(_result_of(task))

    async def get(self, tenant: str, session_id: str) -> SessionRecord:
        """Return a session, live or ended. Raises NotFoundError."""
        record = await self._store.find_session(tenant, session_id)
        if record is None:
            raise NotFoundError("session", session_id)
        return self._current(record)

    async def list(
        self, tenant: str, wanted: SessionFilter, size: int, token: str
    ) -> Page[SessionRecord]:
        """Return a page of sessions, newest first."""
        return await self._store.list(tenant, wanted, size, token)

    async def live(self, tenant: str, session_id: str) -> LiveSession:
        """Return a session that has not ended.

        Raises NotFoundError; WrongStateError with the reason and time of its end; UnavailableError
        while it is being started or taken over.
        """
        live = self._keeper.find_live_session(tenant, session_id)
        if live is not None and live.record.state not in SESSION_ENDS:
            return live
        record = await self.get(tenant, session_id)
        if record.state in SESSION_ENDS:
            raise ended_error(record)
        raise UnavailableError(
            "SESSION_NOT_READY", f"session {session_id!r} is {record.state.name.lower()}"
        )

    @asynccontextmanager
    async def using(self, tenant: str, session_id: str) -> AsyncIterator[LiveSession]:
        """Yield a live session for work in the block, which counts as a use of it.

        If the session ends meanwhile, the block raises WrongStateError with the reason and time of
        its end. Raises what `live` raises, too.
        """
        live = await self.live(tenant, session_id)
        async with self._changing(live) as change:
            change.sessions.use(live.session)
        try:
            yield live
        except CellblockError as error:
            if isinstance(error, AgentGoneError):
                await live.until_ended(END_SECONDS)
            if live.record.state in SESSION_ENDS:
                raise ended_error(live.record) from error
            raise

    async def keep_alive(self, tenant: str, session_id: str) -> SessionRecord:
        """Postpone the idle timeout."""
        live = await self.live(tenant, session_id)
        async with self._changing(live) as change:
            change.sessions.keep_alive(live.session)
        return live.record

    async def update(
        self,
        tenant: str,
        session_id: str,
        labels: dict[str, str] | None,
        idle_timeout: timedelta | None,
        inactivity_limit: timedelta | None,
    ) -> SessionRecord:
        """Replace labels or timeouts; None leaves one as it is."""
        live = await self.live(tenant, session_id)
        bounds = self._settings.sessions
        if labels is not None:
            check_labels(labels)
        async with self._changing(live) as change:
            record = live.record
            change.sessions.configure(
                live.session,
                labels=record.labels if labels is None else labels,
                idle_timeout=check_span(
                    "idle_timeout", idle_timeout, record.idle_timeout, bounds.max_idle_timeout
                ),
                lifetime=check_span(
                    "inactivity_limit",
                    inactivity_limit,
                    record.lifetime,
                    bounds.max_inactivity_limit,
                ),
            )
        return live.record

    async def restart(self, tenant: str, session_id: str, generation: int) -> SessionRecord:
        """Restart the kernel if its generation is still `generation`, or in any case for 0."""
        async with self.using(tenant, session_id) as live:
            if generation in (0, live.record.kernel_generation):
                await uninterrupted(live.runner.restart())
            return live.record

    async def delete(self, tenant: str, session_id: str) -> SessionRecord:
        """End the session and remove its sandbox; an ended one is left as it is.

        If it is being created, wait for that first.
        """
        if (made := self._being_made.get((tenant, session_id))) is not None:
            await made.wait()
        record = await self.get(tenant, session_id)
        if record.state in SESSION_ENDS:
            return record
        live = await self.live(tenant, session_id)
        live.request_end(DELETED)
        await live.ended.wait()
        return live.record

    def with_wall_times(self, record: SessionRecord) -> SessionRecord:
        """Return a session with its times converted to the wall clock."""
        if record.state in SESSION_ENDS:
            return record
        return with_wall_times(record, self._now.on_wall)

    def expire_time(self, record: SessionRecord) -> datetime:
        """Return when the session ends if nothing more happens."""
        return expire_time(record, self._settings.sessions.max_age)

    async def _create_once(self, tenant: str, new: NewSession) -> SessionRecord:
        known = await self._store.find_request(tenant, new.request_id)
        if known is None:
            return await self._create(tenant, new)
        if known.request_hash != new.digest():
            raise AlreadyExistsError(
                "request", new.request_id, f"made session {known.id!r} from another body"
            )
        return self._current(known)

    async def _create(self, tenant: str, new: NewSession) -> SessionRecord:
        record, spec = self._plan(tenant, new)
        self._check_room(tenant)
        self._starting[tenant] += 1
        try:
            with self._keeper.mark_creating(record):
                await self._store.insert(record)
                live = await self._start(record, spec, new)
            log.info("session_created", session_id=record.id, sandbox_id=live.record.sandbox_id)
        finally:
            self._starting[tenant] -= 1
        return live.record

    async def _start(
        self, record: SessionRecord, spec: SandboxSpec, new: NewSession
    ) -> LiveSession:
        """Start a session that has been stored; delete its record if that fails."""
        made = self._being_made[record.tenant, record.id] = asyncio.Event()
        try:
            live = await self._starter.start(record, spec, new)
            self._keeper.run_session(live)
            return live
        except BaseException:
            await self._store.delete(record.tenant, record.id)
            raise
        finally:
            del self._being_made[record.tenant, record.id]
            made.set()

    def _check_room(self, tenant: str) -> None:
        most = self._settings.sessions.max_sessions
        if self._keeper.count + self._starting.total() >= most:
            raise ExhaustedError(
                "SESSION_LIMIT",
                f"all {most} sessions that this server may have are in use",
                RETRY_AFTER,
            )
        count = self._keeper.count_of(tenant) + self._starting[tenant]
        quota = self._quotas.quotas_of(tenant).max_sessions
        if count >= quota:
            raise QuotaError(
                "SESSION_QUOTA",
                f"tenant:{tenant}",
                f"tenant {tenant!r} has {count} sessions; the quota is {quota:g}",
                RETRY_AFTER,
            )
        self._cpu.check(tenant)

    def _plan(self, tenant: str, new: NewSession) -> tuple[SessionRecord, SandboxSpec]:
        settings, now = self._settings, self._now()
        spec = sandbox_spec(new, settings, new_id("sbx_"))
        bounds = settings.sessions
        record = SessionRecord(
            id=new.session_id or new_id("sess_"),
            tenant=tenant,
            state=SessionState.CREATING,
            thread_id=new.thread_id,
            labels=new.labels,
            limits=asdict(spec.limits),
            idle_timeout=check_span(
                "idle_timeout", new.idle_timeout, bounds.idle_timeout, bounds.max_idle_timeout
            ),
            lifetime=check_span(
                "inactivity_limit",
                new.lifetime,
                bounds.inactivity_limit,
                bounds.max_inactivity_limit,
            ),
            create_time=now,
            last_use_time=now,
            last_alive_time=now,
            image=spec.image,
            runtime=spec.runtime,
            backend=self._starter.backend.name,
            environment_names=sorted(new.environment),
            sandbox_id=spec.id,
            agent_token=token_urlsafe(32),
            request_id=new.request_id or None,
            request_hash=new.digest(),
        )
        return record, spec

    @asynccontextmanager
    async def _changing(self, live: LiveSession) -> AsyncIterator[UnitOfWork]:
        """Open a transaction that may change a session's expiry."""
        async with self._starter.journal.transaction() as change:
            yield change
        self._keeper.reconsider(live.record)

    def _current(self, record: SessionRecord) -> SessionRecord:
        """Return the live session's record if there is one, else the given record."""
        live = self._keeper.find_live_session(record.tenant, record.id)
        return record if live is None else live.record


def ended_error(record: SessionRecord) -> CellblockError:
    """Return the error for a session that has ended, with the reason and time."""
    when = record.end_time.isoformat(timespec="seconds") if record.end_time else "unknown"
    return WrongStateError(
        f"SESSION_{record.state.name}",
        f"session {record.id!r} ended at {when}: {record.end_message}",
    )


async def _result_of(task: asyncio.Task[SessionRecord]) -> SessionRecord:
    return await task
