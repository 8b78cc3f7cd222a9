"""A session that has not ended: its sandbox, its agent, and what runs in it."""

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
from cellblock_server.egress.session_egress import Way
from cellblock_server.executions.runner import SessionRunner
from cellblock_server.journal.journal import JournalTransaction
from cellblock_server.store.records import (
    EndReason,
    ExecutionStatus,
    Failure,
    FailureCause,
    SessionRecord,
    SessionState,
)

Ending = Callable[[JournalTransaction], None]
"""Stores a session's end, in the transaction that ends its executions."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class End:
    """Why and how a session ends."""

    state: SessionState
    reason: EndReason
    message: str
    running: tuple[ExecutionStatus, FailureCause]
    """How the execution that runs ends with it."""

    def running_end(self) -> tuple[ExecutionStatus, Failure]:
        """The end of the execution that runs."""
        status, cause = self.running
        return status, Failure(cause, f"the session ended: {self.message}", memory_lost=True)

    def of(
        self,
        record: SessionRecord,
        clock: SteadyClock,
        *,
        alive_until: datetime | None = None,
        egress_bytes: int = 0,
    ) -> Ending:
        """What a session's end changes. It is billed for the time until now, or `alive_until`."""

        def ending(transaction: JournalTransaction) -> None:
            transaction.bill(
                record, transaction.steady, alive_until=alive_until, egress_bytes=egress_bytes
            )
            transaction.change_session(
                record,
                state=self.state,
                end_reason=self.reason,
                end_message=self.message,
                end_time=transaction.now,
                **on_wall(record, clock),
            )

        return ending


DELETED = End(
    SessionState.DELETED,
    EndReason.DELETED,
    "deleted on request",
    (ExecutionStatus.CANCELLED, FailureCause.SESSION_ENDED),
)


def on_wall(record: SessionRecord, clock: SteadyClock) -> dict[str, datetime]:
    """The times of a session that lives, by the wall clock."""
    return {
        name: clock.on_wall(getattr(record, name))
        for name in ("create_time", "last_use_time", "last_alive_time")
    }


def expired(reason: EndReason, message: str) -> End:
    """The end by time."""
    running = (ExecutionStatus.FAILED, FailureCause.SESSION_ENDED)
    return End(SessionState.EXPIRED, reason, message, running)


def failed(reason: EndReason, message: str, cause: FailureCause = FailureCause.SANDBOX_LOST) -> End:
    """The end by a fault; `cause` is that of the execution that runs."""
    running = (ExecutionStatus.FAILED, cause)
    return End(SessionState.FAILED, reason, message, running)


@dataclass
class LiveSession:
    """One live session. `until_end` runs it; `request_end` ends it."""

    record: SessionRecord
    sandbox: Sandbox
    agent: AgentConnection
    runner: SessionRunner
    way_out: Way | None = None
    timings: AgentTimings = field(default_factory=AgentTimings)

    def __post_init__(self) -> None:
        """Set up what `until_end` and `request_end` share."""
        self._wish: asyncio.Future[End] = asyncio.get_running_loop().create_future()
        self.billed_bytes = 0
        """Of `carried_bytes`, what has been counted as its tenant's."""
        self.ended = asyncio.Event()
        """Set when the end is stored and the sandbox is gone, or left for the reaper."""

    @property
    def carried_bytes(self) -> int:
        """What its way out has carried with this server."""
        return 0 if self.way_out is None else self.way_out.carried_bytes

    def ending(self, end: End, clock: SteadyClock) -> Ending:
        """What its end changes."""
        carried = self.carried_bytes - self.billed_bytes
        return end.of(self.record, clock, egress_bytes=carried)

    def request_end(self, end: End) -> None:
        """Ask for the end; the first wish counts."""
        if not self._wish.done():
            self._wish.set_result(end)

    async def until_ended(self, seconds: float) -> None:
        """Wait until it has ended, `seconds` at most."""
        try:
            async with asyncio.timeout(seconds):
                await self.ended.wait()
        except TimeoutError:
            log.warning("session_has_not_ended", session_id=self.record.id, seconds=seconds)

    async def until_end(self, backend: Backend) -> End:
        """Run executions until the end is asked for or the sandbox fails."""
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
        """Ask what became of a sandbox that we lost."""
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
        # The session's end is what its tenant reads.
        log.warning("sandbox_lost", session_id=self.record.id, problem=detail, detail=more)
        cause = FailureCause.OUT_OF_MEMORY if out_of_memory else FailureCause.SANDBOX_LOST
        return failed(EndReason.SANDBOX_LOST, detail, cause)


def _first(errors: BaseExceptionGroup[CellblockError]) -> CellblockError:
    for error in errors.exceptions:
        return _first(error) if isinstance(error, BaseExceptionGroup) else error
    raise AssertionError("an exception group is never empty")
