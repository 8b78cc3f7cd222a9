"""Billing records: counts what tenants use, and deletes old counts."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog

from cellblock_server.common.clock import Clock
from cellblock_server.common.errors import CellblockError, OutOfRangeError
from cellblock_server.journal.journal import Journal
from cellblock_server.sessions.keeper import SessionKeeper
from cellblock_server.sessions.live import LiveSession
from cellblock_server.store.ledger import (
    HOUR,
    LENGTHS,
    Interval,
    LedgerStore,
    UsageFilter,
    UsageRecord,
    hour_of,
    hours,
)
from cellblock_server.store.records import Page
from cellblock_server.store.states import SESSION_ENDS
from cellblock_server.store.usage import Usage

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class BillingTimings:
    """Times of billing, in seconds."""

    pause: float = 60.0
    """Pause between two counts. A killed server loses only the egress bytes since the last one."""


@dataclass(frozen=True)
class Report:
    """Use of one tenant until an end time."""

    use: UsageRecord
    end: datetime


class Billing:
    """Counts all live sessions and stored bytes periodically, while it is `run`."""

    def __init__(
        self,
        store: LedgerStore,
        journal: Journal,
        keeper: SessionKeeper,
        usage: Usage,
        retention: timedelta,
        now: Clock,
        timings: BillingTimings | None = None,
    ) -> None:
        """Store counts in `store` for `retention`. `keeper` counts a session's last use."""
        self._store = store
        self._journal = journal
        self._keeper = keeper
        self._usage = usage
        self._retention = retention
        self._now = now
        self._timings = timings or BillingTimings()
        self.stored_bytes = 0
        """Bytes that all tenants stored at the last count."""

    async def count(self) -> None:
        """Count the use since the last count."""
        totals = await self._usage.totals()
        until = self._now()
        since = await self._store.counted_until() or until
        self.stored_bytes = sum(totals.values())
        carried = [(live, live.carried_bytes) for live in self._keeper.live()]
        stored = [
            UsageRecord(tenant, hour, stored_byte_hours=size * seconds / HOUR.total_seconds())
            for tenant, size in totals.items()
            for hour, seconds in hours(since, until)
        ]
        async with self._journal.transaction() as change:
            for live, size in carried:
                # The last use is billed when the session ends.
                if live.record.state not in SESSION_ENDS:
                    more = size - live.billed_bytes
                    change.usage.bill(live.session, until, egress_bytes=more)
            change.usage.count_stored(stored)
            change.follow_up = partial(_note_billed, carried)
        await self._store.forget_before(until - self._retention)

    async def run(self) -> None:
        """Count until cancelled."""
        while True:
            try:
                await self.count()
            except CellblockError as error:
                log.warning("usage_not_counted", reason=error.reason, detail=str(error))
            await asyncio.sleep(self._timings.pause)

    async def report(
        self,
        tenant: str,
        start: datetime | None,
        end: datetime | None,
        interval: Interval,
        size: int,
        token: str,
    ) -> Page[Report]:
        """Return a page of usage; see `ReportUsage` in `admin.proto`. Raises OutOfRangeError."""
        now = self._now()
        first = hour_of(now - self._retention)
        begin = first if start is None else hour_of(start)
        until = hour_of(now) + HOUR if end is None else hour_of(end)
        if begin >= until:
            raise OutOfRangeError(
                "end_time",
                f"must be an hour after start_time at least, got {until:%Y-%m-%dT%H:%MZ}",
            )
        wanted = UsageFilter(tenant, max(begin, first), until, interval)
        page = await self._store.report(wanted, size, token)
        reports = [Report(use, _report_end(use, wanted, now)) for use in page.items]
        return Page(reports, page.next_token)


def _report_end(use: UsageRecord, wanted: UsageFilter, now: datetime) -> datetime:
    length = LENGTHS.get(wanted.interval)
    end = wanted.end if length is None else min(wanted.end, use.start + length)
    return min(end, now)


def _note_billed(carried: Sequence[tuple[LiveSession, int]]) -> None:
    for live, size in carried:
        live.billed_bytes = size
