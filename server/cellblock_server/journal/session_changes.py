"""Changes to sessions in one unit of work."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Unpack

from sqlalchemy import Connection

from cellblock_server.journal.hub import Hub
from cellblock_server.journal.tracked import TrackedSession
from cellblock_server.store.record_fields import SessionFields, with_session_fields
from cellblock_server.store.records import EndReason, SessionRecord, SessionState
from cellblock_server.store.sessions import update_session
from cellblock_server.store.states import SESSION_ENDS, check_session


@dataclass(frozen=True)
class SessionEnd:
    """State, reason and message with which a session ends."""

    state: SessionState
    reason: EndReason
    message: str


class SessionChanges:
    """Changes to sessions: each is checked now, and seen by others once it is stored."""

    def __init__(self, now: datetime, steady: datetime) -> None:
        """Start without a change; `steady` is now by the clock of live sessions."""
        self._now = now
        self._steady = steady
        self._after: dict[TrackedSession, SessionRecord] = {}

    def after(self, session: TrackedSession) -> SessionRecord:
        """Return a session as this unit of work leaves it, with the changes so far."""
        return self._after.get(session, session.record)

    def accept_execution(self, session: TrackedSession) -> int:
        """Count one more execution, which is a use of the session. Return its ordinal."""
        ordinal = self.after(session).execution_count + 1
        self._change(
            session,
            execution_count=ordinal,
            last_use_time=self._steady,
            last_alive_time=self._steady,
        )
        return ordinal

    def finish_execution(self, session: TrackedSession, execution_id: str) -> None:
        """Note which execution ended last, which is a use of the session."""
        self._change(
            session,
            last_execution_id=execution_id,
            last_use_time=self._steady,
            last_alive_time=self._steady,
        )

    def use(self, session: TrackedSession) -> None:
        """Note a use of the session."""
        self._change(session, last_use_time=self._steady, last_alive_time=self._steady)

    def keep_alive(self, session: TrackedSession) -> None:
        """Postpone the idle timeout."""
        self._change(session, last_alive_time=self._steady)

    def configure(
        self,
        session: TrackedSession,
        *,
        labels: Mapping[str, str],
        idle_timeout: timedelta,
        lifetime: timedelta,
    ) -> None:
        """Replace what the caller may set."""
        self._change(session, labels=labels, idle_timeout=idle_timeout, lifetime=lifetime)

    def open(self, session: TrackedSession, *, sandbox_id: str, agent_token: str) -> None:
        """Make a session ready with its sandbox, which is a use of it."""
        self.set_state(session, SessionState.READY)
        self._change(
            session,
            sandbox_id=sandbox_id,
            agent_token=agent_token,
            last_use_time=self._steady,
            last_alive_time=self._steady,
        )

    def set_state(self, session: TrackedSession, state: SessionState) -> None:
        """Change the state. Raises ForbiddenTransitionError."""
        check_session(self.after(session).state, state)
        self._change(session, state=state)

    def end(
        self, session: TrackedSession, end: SessionEnd, on_wall: Callable[[datetime], datetime]
    ) -> None:
        """End a session: `on_wall` turns its times into those of the wall clock.

        Raises ForbiddenTransitionError.
        """
        self.set_state(session, end.state)
        self._after[session] = with_wall_times(self.after(session), on_wall)
        self._change(
            session,
            end_reason=end.reason,
            end_message=end.message,
            end_time=self._now,
        )

    def lose_memory(
        self, session: TrackedSession, generation: int, reason: str, execution_id: str = ""
    ) -> None:
        """Note that kernel `generation` replaced another one, and which execution that ended."""
        self._change(
            session,
            kernel_generation=generation,
            memory_loss_time=self._now,
            memory_loss_message=reason,
            memory_loss_execution_id=execution_id,
        )

    def acknowledge(self, session: TrackedSession, sequence: int) -> None:
        """Note that the agent's events up to `sequence` are in the journal."""
        self._change(session, acknowledged_sequence=sequence)

    def keep_background_output(self, session: TrackedSession, text: str) -> None:
        """Replace what was written while no execution ran."""
        self._change(session, background_output=text)

    def keep_background_changes(
        self, session: TrackedSession, changes: Sequence[Mapping[str, Any]]
    ) -> None:
        """Replace the changes to files while no execution ran: fields of `FileChange`."""
        self._change(session, background_changes=changes)

    def count_cpu(self, session: TrackedSession, seconds: float) -> None:
        """Note the CPU time that has been counted as the tenant's."""
        self._change(session, cpu_seconds=seconds)

    def mark_billed(self, session: TrackedSession, until: datetime) -> None:
        """Note that all use so far is billed, and its time up to `until`."""
        record = self.after(session)
        self._change(
            session,
            billed_time=max(until, record.billed_time or until),
            billed_executions=record.execution_count,
            billed_cpu_seconds=record.cpu_seconds,
        )

    def _change(self, session: TrackedSession, **fields: Unpack[SessionFields]) -> None:
        self._after[session] = with_session_fields(self.after(session), **fields)

    def write(self, connection: Connection) -> None:
        """Store the changes, as part of a transaction."""
        for session, record in self._after.items():
            update_session(connection, session.record, record)

    def publish(self) -> list[tuple[SessionRecord, SessionRecord]]:
        """Replace the records in memory. Return each session before and after it."""
        changed = [(session.record, record) for session, record in self._after.items()]
        for session, record in self._after.items():
            session.publish(record)
        return changed


def ended_sessions(changed: Sequence[tuple[SessionRecord, SessionRecord]]) -> list[SessionRecord]:
    """Return the sessions that ended between the two versions of each."""
    return [
        after
        for before, after in changed
        if after.state in SESSION_ENDS and before.state not in SESSION_ENDS
    ]


def wake_watchers(hub: Hub, changed: Sequence[tuple[SessionRecord, SessionRecord]]) -> None:
    """Wake the watchers of sessions that have another state or more executions."""
    for before, after in changed:
        if (before.state, before.execution_count) != (after.state, after.execution_count):
            hub.changed((after.tenant, after.id))


def with_wall_times(
    record: SessionRecord, on_wall: Callable[[datetime], datetime]
) -> SessionRecord:
    """Return a live session with its times as `on_wall` turns them; see `SessionRecord`."""
    return with_session_fields(
        record,
        create_time=on_wall(record.create_time),
        last_use_time=on_wall(record.last_use_time),
        last_alive_time=on_wall(record.last_alive_time),
    )
