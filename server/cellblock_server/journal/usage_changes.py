"""Use of tenants that is counted in one unit of work."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from cellblock_server.journal.session_changes import SessionChanges
from cellblock_server.journal.tracked import TrackedSession
from cellblock_server.store.cpu import add_cpu
from cellblock_server.store.ledger import UsageRecord, add_uses, hour_of, mark_counted, uses_of


class UsageChanges:
    """CPU time and billed use, counted once: each session remembers what of it is counted."""

    def __init__(self, sessions: SessionChanges, steady: datetime) -> None:
        """Start without a change; `sessions` are those of the same unit of work."""
        self._sessions = sessions
        self._steady = steady
        self._cpu: list[tuple[str, datetime, float]] = []
        self._uses: list[UsageRecord] = []
        self._counts_stored = False

    def count_cpu(self, session: TrackedSession, seconds: float, period: datetime) -> None:
        """Count a session's CPU time up to now, `seconds`: the new part is used in `period`."""
        record = self._sessions.after(session)
        self._cpu.append((record.tenant, period, seconds - record.cpu_seconds))
        self._sessions.count_cpu(session, seconds)

    def bill(
        self,
        session: TrackedSession,
        until: datetime,
        *,
        alive_until: datetime | None = None,
        egress_bytes: int = 0,
    ) -> None:
        """Count what a session used since it was billed last; it lived until `alive_until`.

        Times are by the steady clock, as those of live sessions: a wall clock that is set changes
        no bill.
        """
        record = self._sessions.after(session)
        self._uses += uses_of(record, until, until if alive_until is None else alive_until)
        if egress_bytes:
            self._uses.append(UsageRecord(record.tenant, hour_of(until), egress_bytes=egress_bytes))
        self._sessions.mark_billed(session, until)

    def count_stored(self, uses: Iterable[UsageRecord]) -> None:
        """Count what tenants have stored since that was counted last, which was until now."""
        self._uses += uses
        self._counts_stored = True

    def write(self, connection: Connection) -> None:
        """Add to the counts, as part of a transaction."""
        for tenant, period, seconds in self._cpu:
            add_cpu(connection, tenant, period, seconds)
        add_uses(connection, self._uses)
        if self._counts_stored:
            mark_counted(connection, self._steady)
