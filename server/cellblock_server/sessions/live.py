"""Live sessions: a sandbox, its agent, and the executions in it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog

from cellblock_server.agent.checks import ProtocolViolationError
from cellblock_server.agent.connection import AgentConnection
from cellblock_server.agent.errors import AgentGoneError
from cellblock_server.agent.timings import AgentTimings
from cellblock_server.backends.backend import Backend
from cellblock_server.backends.sandbox import Sandbox
from cellblock_server.common.clock import SteadyClock
from cellblock_server.common.errors import CellblockError, WrongStateError
from cellblock_server.egress.session_egress import SessionEgress
from cellblock_server.executions.runner import SessionRunner
from cellblock_server.journal.session_changes import SessionEnd
from cellblock_server.journal.tracked import TrackedSession
from cellblock_server.journal.unit_of_work import UnitOfWork
from cellblock_server.store.records import (
    EndReason,
    ExecutionStatus,
    Failure,
    FailureCause,
    SessionRecord,
    SessionState,
)

Ending = Callable[[UnitOfWork], None]
"""Function that stores a session's end in the transaction that ends its executions."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class End:
    """Reason and state with which a session ends."""

    state: SessionState
    reason: EndReason
    message: str
    running: tuple[ExecutionStatus, FailureCause]
    """Status and cause with which the running execution ends."""

    def running_end(self) -> tuple[ExecutionStatus, Failure]:
        """Return the end of the running execution."""
        status, cause = self.running
        return status, Failure(cause, f"the session ended: {self.message}", memory_lost=True)

    def change_for(
        self,
        session: TrackedSession,
        clock: SteadyClock,
        *,
        alive_until: datetime | None = None,
        egress_bytes: int = 0,
    ) -> Ending:
        """Return the change that ends a session, billed for the time to now, or `alive_until`."""

        def ending(change: UnitOfWork) -> None:
            change.usage.bill(
                session, change.steady, alive_until=alive_until, egress_bytes=egress_bytes
            )
            end = SessionEnd(self.state, self.reason, self.message)
            change.sessions.end(session, end, clock.on_wall)

        return ending


DELETED = End(
    SessionState.DELETED,
    EndReason.DELETED,
    "deleted on request",
    (ExecutionStatus.CANCELLED, FailureCause.SESSION_ENDED),
)


def expired(reason: EndReason, message: str) -> End:
    """Return the end of a session that expired."""
    running = (ExecutionStatus.FAILED, FailureCause.SESSION_ENDED)
    return End(SessionState.EXPIRED, reason, message, running)


def failed(reason: EndReason, message: str, cause: FailureCause = FailureCause.SANDBOX_LOST) -> End:
    """Return the end of a session that failed; the running execution ends with `cause`."""
    running = (ExecutionStatus.FAILED, cause)
    return End(SessionState.FAILED, reason, message, running)


@dataclass
class LiveSession:
    """One live session. `until_end` runs it; `request_end` ends it."""

    session: TrackedSession
    sandbox: Sandbox
    agent: AgentConnection
    runner: SessionRunner
    way_out: SessionEgress | None = None
    timings: AgentTimings = field(default_factory=AgentTimings)

    def __post_init__(self) -> None:
        """Set up the state that `until_end` and `request_end` share."""
        self._wish: asyncio.Future[End] = asyncio.get_running_loop().create_future()
        self.billed_bytes = 0
        """Part of `carried_bytes` that has been billed."""
        self.ended = asyncio.Event()
        """Set when the end is stored and the sandbox is removed, or left for a later removal."""

    @property
    def record(self) -> SessionRecord:
        """Return the session's stored record; see `Tracked.record`."""
        return self.session.record

    @property
    def carried_bytes(self) -> int:
        """Return the bytes that its egress has carried with this server."""
        return 0 if self.way_out is None else self.way_out.carried_bytes

    def ending(self, end: End, clock: SteadyClock) -> Ending:
        """Return the change that ends the session."""

        def ending(change: UnitOfWork) -> None:
            # Only now: a count of usage may have billed a part meanwhile.
            carried = self.carried_bytes - self.billed_bytes
            end.change_for(self.session, clock, egress_bytes=carried)(change)

        return ending

    def request_end(self, end: End) -> None:
        """Request the end; only the first request counts."""
        if not self._wish.done():
            self._wish.set_result(end)

    async def until_ended(self, seconds: float) -> None:
        """Wait until the session has ended, `seconds` at most."""
        try:
            async with asyncio.timeout(seconds):
                await self.ended.wait()
        except TimeoutError:
            log.warning("session_has_not_ended", session_id=self.record.id, seconds=seconds)

    async def until_end(self, backend: Backend) -> End:
        """Run executions until the end is requested or the sandbox fails."""
        running = asyncio.create_task(self.runner.run(), name=f"run {self.record.id}")
        try:
            either: set[asyncio.Future[Any]] = {running, self._wish}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if self._wish.done():
                return self._wish.result()
            end = failed(EndReason.SERVER_FAULT, "its executions stopped running")
            try:
                await running
            except* ProtocolViolationError as errors:
                end = failed(EndReason.PROTOCOL_VIOLATION, _first(errors).message)
            except* CellblockError as errors:
                end = await self._lost(backend, _first(errors))
            return end
        finally:
            running.cancel()
            await asyncio.wait({running})

    async def _lost(self, backend: Backend, error: CellblockError) -> End:
        """Find out how a sandbox ended, and return the session's end."""
        detail, out_of_memory, more = error.message, False, error.detail
        if isinstance(error, AgentGoneError):
            try:
                async with asyncio.timeout(self.timings.end):
                    ended = await backend.wait(self.record.sandbox_id)
                detail, out_of_memory = f"the sandbox {ended.words}", ended.out_of_memory
                more = ended.detail or more
            except TimeoutError:
                detail = f"the sandbox has not ended, but may be paused: {error.message}"
            except CellblockError as backend_error:
                detail = f"{error.message}; {backend_error.message}"
                more = f"{error.detail}; {backend_error.detail}"
        if isinstance(error, WrongStateError):
            detail = f"the sandbox refused what it must do: {error.message}"
        # The tenant sees the session's end, so details are only logged.
        log.warning("sandbox_lost", session_id=self.record.id, problem=detail, detail=more)
        cause = FailureCause.OUT_OF_MEMORY if out_of_memory else FailureCause.SANDBOX_LOST
        return failed(EndReason.SANDBOX_LOST, detail, cause)


def _first(errors: BaseExceptionGroup[CellblockError]) -> CellblockError:
    for error in errors.exceptions:
        return _first(error) if isinstance(error, BaseExceptionGroup) else error
    raise AssertionError("an exception group is never empty")
