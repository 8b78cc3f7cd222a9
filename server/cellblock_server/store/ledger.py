"""Usage of each tenant by hours of UTC, in the database, for billing."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Row,
    and_,
    cast,
    delete,
    func,
    literal,
    or_,
    select,
    type_coerce,
)

from cellblock.v1 import admin_pb2
from cellblock_server.store import paging
from cellblock_server.store.database import Database
from cellblock_server.store.records import Page, SessionRecord
from cellblock_server.store.tables import EPOCH, UtcTime, marks, tenant_usage
from cellblock_server.store.upsert import insert_for

HOUR = timedelta(hours=1)
LONGEST_SPAN = timedelta(days=1)
"""Longest time added in one step: a clock that jumps forward must not cause charges."""
STORED = "stored"
"""Name of the mark that stores up to when stored bytes have been counted."""


class Interval(IntEnum):
    """Length of a report's intervals: see `UsageInterval` in `admin.proto`."""

    WHOLE = admin_pb2.USAGE_INTERVAL_UNSPECIFIED
    HOUR = admin_pb2.USAGE_INTERVAL_HOUR
    DAY = admin_pb2.USAGE_INTERVAL_DAY


LENGTHS = {Interval.HOUR: HOUR, Interval.DAY: timedelta(days=1)}


@dataclass(frozen=True)
class UsageRecord:
    """Usage of one tenant in one interval, which begins at `start`."""

    tenant: str
    start: datetime
    sessions: int = 0
    session_seconds: float = 0.0
    executions: int = 0
    cpu_seconds: float = 0.0
    stored_byte_hours: float = 0.0
    egress_bytes: int = 0


AMOUNTS = tuple(item.name for item in fields(UsageRecord) if item.name not in ("tenant", "start"))


@dataclass(frozen=True)
class UsageFilter:
    """Filter of a usage report."""

    tenant: str
    """Empty for all."""
    start: datetime
    end: datetime
    interval: Interval


class LedgerStore:
    """Reads usage and deletes old hours."""

    def __init__(self, database: Database) -> None:
        """Store usage in `database`."""
        self._database = database

    async def report(self, wanted: UsageFilter, size: int, token: str) -> Page[UsageRecord]:
        """Return a page of usage, oldest first, then by tenant."""
        limit = paging.page_size(size)
        start = _start(wanted).label("start")
        # PostgreSQL's sum of whole numbers is a decimal one.
        sums = [
            cast(func.sum(tenant_usage.c[name]), tenant_usage.c[name].type).label(name)
            for name in AMOUNTS
        ]
        query = (
            select(tenant_usage.c.tenant, start, *sums)
            .where(tenant_usage.c.hour >= wanted.start, tenant_usage.c.hour < wanted.end)
            .group_by(start, tenant_usage.c.tenant)
            .order_by(start, tenant_usage.c.tenant)
        )
        if wanted.tenant:
            query = query.where(tenant_usage.c.tenant == wanted.tenant)
        if (after := paging.time_and_id(token)) is not None:
            since, tenant = after
            later = and_(_start(wanted) == since, tenant_usage.c.tenant > tenant)
            query = query.where(or_(_start(wanted) > since, later))
        rows = await self._database.rows(query.limit(limit + 1))
        uses = [_use(row) for row in rows[:limit]]
        more = len(rows) > limit
        return Page(uses, paging.token_after(uses[-1].start, uses[-1].tenant) if more else "")

    async def counted_until(self) -> datetime | None:
        """Return up to when stored bytes have been counted; None if they never were."""
        row = await self._database.row(select(marks.c.time).where(marks.c.name == STORED))
        return None if row is None else row.time

    async def forget_before(self, time: datetime) -> None:
        """Delete hours that began before `time`."""
        await self._database.execute(delete(tenant_usage).where(tenant_usage.c.hour < time))


def hour_of(time: datetime) -> datetime:
    """Return the beginning of the hour that contains `time`."""
    return EPOCH + (time - EPOCH) // HOUR * HOUR


def hours(since: datetime, until: datetime) -> Iterator[tuple[datetime, float]]:
    """Yield the hours of a time span, with its seconds in each; of a long span, its last day."""
    since = max(since, until - LONGEST_SPAN)
    while since < until:
        hour = hour_of(since)
        end = min(until, hour + HOUR)
        yield hour, (end - since).total_seconds()
        since = end


def uses_of(session: SessionRecord, until: datetime, alive_until: datetime) -> list[UsageRecord]:
    """Return a session's unbilled usage. The session lived until `alive_until` at least."""
    since = session.billed_time or session.create_time
    found = [
        UsageRecord(session.tenant, hour, session_seconds=seconds)
        for hour, seconds in hours(since, alive_until)
    ]
    rest = UsageRecord(
        session.tenant,
        hour_of(until),
        sessions=int(session.billed_time is None),
        executions=session.execution_count - session.billed_executions,
        cpu_seconds=max(0.0, session.cpu_seconds - session.billed_cpu_seconds),
    )
    return [*found, rest]


def add_uses(connection: Connection, uses: Iterable[UsageRecord]) -> None:
    """Add to tenants' usage, as part of a transaction."""
    for use in uses:
        values = asdict(use)
        statement = insert_for(connection, tenant_usage).values(hour=values.pop("start"), **values)
        total = {name: tenant_usage.c[name] + getattr(statement.excluded, name) for name in AMOUNTS}
        connection.execute(
            statement.on_conflict_do_update(index_elements=["tenant", "hour"], set_=total)
        )


def mark_counted(connection: Connection, time: datetime) -> None:
    """Store up to when stored bytes have been counted, as part of a transaction."""
    statement = insert_for(connection, marks).values(name=STORED, time=time)
    connection.execute(
        statement.on_conflict_do_update(index_elements=["name"], set_={"time": time})
    )


def _start(wanted: UsageFilter) -> ColumnElement[datetime]:
    """Select the beginning of the report's interval that an hour belongs to."""
    if wanted.interval is Interval.WHOLE:
        return type_coerce(literal(wanted.start, UtcTime), UtcTime)
    length = LENGTHS[wanted.interval] // timedelta(microseconds=1)
    number = type_coerce(tenant_usage.c.hour, BigInteger)
    return type_coerce(number - number % length, UtcTime)


def _use(row: Row[Any]) -> UsageRecord:
    return UsageRecord(**row._mapping)  # noqa: SLF001 - SQLAlchemy's documented accessor
