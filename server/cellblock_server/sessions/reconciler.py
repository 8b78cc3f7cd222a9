"""Reconciliation of the store's live sessions with the backend's running sandboxes."""

import asyncio
from collections.abc import Callable, Set

import structlog

from cellblock_server.agent.checks import ProtocolViolationError
from cellblock_server.agent.errors import AgentGoneError, StoreBehindError
from cellblock_server.backends.errors import HostileSandboxError
from cellblock_server.backends.sandbox import Sandbox
from cellblock_server.common.errors import (
    CellblockError,
    NotFoundError,
    UnavailableError,
    WrongStateError,
)
from cellblock_server.journal.tracked import Tracked
from cellblock_server.sessions.live import End, Ending, LiveSession, failed
from cellblock_server.sessions.starter import SessionStarter
from cellblock_server.store.records import (
    EndReason,
    ExecutionStatus,
    Failure,
    FailureCause,
    SessionRecord,
    SessionState,
)
from cellblock_server.store.sessions import ALIVE, SessionStore

Key = tuple[str, str]
"""Tenant and session id: two tenants may choose the same id."""

log = structlog.get_logger(__name__)


class Reconciler:
    """Takes over the sandboxes of sessions; ends and removes the rest."""

    def __init__(
        self,
        starter: SessionStarter,
        store: SessionStore,
        owned: Callable[[], Set[Key]],
        keep: Callable[[LiveSession], None],
    ) -> None:
        """Ignore the sessions that are `owned`; call `keep` for those that are taken over."""
        self._starter = starter
        self._backend = starter.backend
        self._store = store
        self._owned = owned
        self._keep = keep

    async def take_over(self) -> None:
        """Take over earlier servers' sessions. Raises UnavailableError, alone or in a group.

        A session that can't be taken over now keeps no other from it.
        """
        sandboxes = {sandbox.id: sandbox for sandbox in await self._backend.list()}
        # Concurrently: one that doesn't respond must not delay the others.
        adoptions = []
        async with asyncio.TaskGroup() as tasks:
            for record in await self._lost():
                sandbox = sandboxes.pop(record.sandbox_id, None)
                adoption = self._adopt(record, sandbox)
                adoptions.append(tasks.create_task(adoption, name=f"adopt {record.id}"))
        if unavailable := [error for task in adoptions if (error := task.result())]:
            # Before anything is removed: their sandboxes are not owned yet, and are to be kept.
            raise ExceptionGroup("sessions not taken over", unavailable)
        for sandbox_id in sandboxes:
            log.warning("sandbox_without_session_removed", sandbox_id=sandbox_id)
            await self.destroy(sandbox_id)
        await self._backend.reap()

    async def reconcile_again(self) -> None:
        """Take over what was lost later; raises as `take_over`. Usually there is nothing to do."""
        if await self._lost():
            await self.take_over()
        else:
            await self._backend.reap()

    async def store_end(self, record: SessionRecord, end: End, ending: Ending) -> None:
        """End a session that has no runner, with all of its unfinished executions."""
        async with self._starter.journal.transaction() as change:
            for execution in await self._starter.executions.unfinished(record):
                if execution.status is ExecutionStatus.RUNNING:
                    change.executions.finish(Tracked(execution), *end.running_end())
                else:
                    failure = Failure(FailureCause.SESSION_ENDED, end.message)
                    change.executions.finish(Tracked(execution), ExecutionStatus.EXPIRED, failure)
            ending(change)

    async def destroy(self, sandbox_id: str) -> None:
        """Remove a sandbox; if that fails, it is removed later."""
        try:
            await self._backend.destroy(sandbox_id)
        except (CellblockError, OSError):
            log.exception("sandbox_not_removed", sandbox_id=sandbox_id)

    async def _lost(self) -> list[SessionRecord]:
        """Return the stored live sessions that this server doesn't run."""
        before = self._owned()
        alive = await self._store.alive()
        # Sessions may have ended and others begun during the read.
        owned = before | self._owned()
        return [record for record in alive if (record.tenant, record.id) not in owned]

    async def _adopt(
        self, record: SessionRecord, sandbox: Sandbox | None
    ) -> UnavailableError | None:
        """Take a session over, or end it; return why neither is possible now."""
        try:
            await self._adopt_or_end(record, sandbox)
        except UnavailableError as error:
            log.warning("session_not_taken_over_yet", session_id=record.id, detail=str(error))
            return error
        except Exception:
            # It must not prevent taking over the others; the next reconciliation retries it.
            log.exception("session_not_taken_over", session_id=record.id)
        return None

    async def _adopt_or_end(self, record: SessionRecord, sandbox: Sandbox | None) -> None:
        # The record may be older than the engine's answer.
        now = await self._store.find_session(record.tenant, record.id)
        if now is None or now.state not in ALIVE or (now.tenant, now.id) in self._owned():
            return
        if now.state is SessionState.CREATING:
            # Its id was never returned to a caller: a retry creates it again.
            log.info("unfinished_session_removed", session_id=now.id)
            await self._store.delete(now.tenant, now.id)
            await self.destroy(now.sandbox_id)
            return
        problem, reason, detail = "its sandbox is gone", EndReason.SANDBOX_LOST, ""
        cause = FailureCause.SANDBOX_LOST
        if sandbox is not None:
            try:
                self._keep(await self._starter.adopt(now, sandbox))
                log.info("session_adopted", session_id=now.id)
                return
            except UnavailableError:
                # The engine, the store or the host is unavailable: it is retried.
                raise
            except (AgentGoneError, HostileSandboxError, NotFoundError, WrongStateError) as error:
                problem, detail = error.message, error.detail
            except ProtocolViolationError as error:
                problem, reason = error.message, EndReason.PROTOCOL_VIOLATION
            except StoreBehindError as error:
                problem, reason = error.message, EndReason.STORE_BEHIND
                cause = FailureCause.SESSION_ENDED
            except Exception:
                # A server error in one session must not prevent taking over the others.
                log.exception("session_not_adopted", session_id=now.id)
                problem, reason = "a server error", EndReason.SERVER_FAULT
        log.warning("session_lost", session_id=now.id, problem=problem, detail=detail)
        end = failed(reason, problem, cause)
        # The end of its sandbox is unknown: time that was not billed before stays unbilled.
        last = now.billed_time or now.create_time
        ending = end.change_for(Tracked(now), self._starter.now, alive_until=last)
        await self.store_end(now, end, ending)
        await self.destroy(now.sandbox_id)
