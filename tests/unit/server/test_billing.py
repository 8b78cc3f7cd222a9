"""Billing: usage counted by the hour and once, across ends of sessions and servers."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cellblock_server.common.errors import OutOfRangeError
from cellblock_server.journal.journal import Journal
from cellblock_server.journal.tracked import Tracked, TrackedSession
from cellblock_server.sessions.billing import Billing
from cellblock_server.store.database import Database
from cellblock_server.store.executions import ExecutionStore
from cellblock_server.store.ledger import HOUR, Interval, LedgerStore, UsageRecord, hours
from cellblock_server.store.records import SessionRecord, SessionState
from cellblock_server.store.sessions import SessionStore
from cellblock_server.store.usage import Usage
from tests.support.databases import store_url
from tests.support.records import PLACE, START, execution_record, session_record
from tests.support.stored import Clock

pytestmark = pytest.mark.each_store

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
RETENTION = timedelta(days=30)


@dataclass
class Live:
    """A live session, with the parts that billing needs."""

    session: TrackedSession = field(default_factory=lambda: Tracked(session_record()))
    carried_bytes: int = 0
    billed_bytes: int = 0

    @property
    def record(self) -> SessionRecord:
        return self.session.record


@dataclass
class Books:
    """A store with one session, and its billing."""

    database: Database
    clock: Clock
    live: Live = field(default_factory=Live)
    others: list[Live] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.journal = Journal(self.database, ExecutionStore(self.database), self.clock, self.clock)
        self.start()

    def start(self) -> None:
        """Start billing, as a server that starts on the same store does."""
        keeper: Any = SimpleNamespace(live=lambda: [self.live, *self.others])
        usage = Usage(self.database, lambda _tenant: 2**60)
        ledger = LedgerStore(self.database)
        self.billing = Billing(ledger, self.journal, keeper, usage, RETENTION, self.clock)

    async def count_after(self, time: timedelta) -> None:
        """Let time pass, then count usage."""
        self.clock.time += time
        await self.billing.count()

    async def report(
        self,
        interval: Interval = Interval.WHOLE,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> list[UsageRecord]:
        page = await self.billing.report("", start, end, interval, 100, "")
        return [report.use for report in page.items]

    async def total(self) -> UsageRecord:
        (use,) = await self.report()
        return use


@pytest.fixture
async def books(tmp_path: Path) -> AsyncIterator[Books]:
    database = Database(store_url(tmp_path / "store.db"))
    await database.start()
    books = Books(database, Clock())
    await SessionStore(database).insert(books.live.record)
    yield books
    await database.close()


async def test_session_is_billed_by_the_second(books: Books) -> None:
    await books.count_after(MINUTE)
    await books.count_after(MINUTE)
    use = await books.total()
    assert (use.tenant, use.sessions, use.session_seconds) == ("t", 1, 120)


async def test_executions_and_cpu_time_are_billed_once(books: Books) -> None:
    session = books.live.session
    async with books.journal.transaction() as change:
        change.executions.accept(execution_record("call_1", 1), PLACE)
        change.sessions.accept_execution(session)
        change.usage.count_cpu(session, 2.5, START)
    for _count in range(3):
        await books.count_after(MINUTE)
    use = await books.total()
    assert (use.executions, use.cpu_seconds) == (1, 2.5)


async def test_restart_after_a_kill_bills_all_time_once(
    books: Books,
) -> None:
    await books.count_after(MINUTE)
    found = await SessionStore(books.database).find_session("t", "sess_1")
    assert found is not None
    books.live = Live(Tracked(found))
    books.start()
    await books.count_after(10 * MINUTE)
    assert (await books.total()).session_seconds == 660


async def test_sessions_of_two_tenants_with_one_id_are_both_billed(books: Books) -> None:
    other = Live(Tracked(replace(session_record(), tenant="u")))
    await SessionStore(books.database).insert(other.record)
    books.others.append(other)
    await books.count_after(MINUTE)
    await books.count_after(MINUTE)
    uses = {use.tenant: use for use in await books.report()}
    assert {tenant: use.session_seconds for tenant, use in uses.items()} == {"t": 120, "u": 120}
    for live in (books.live, other):
        stored = await SessionStore(books.database).find_session(live.record.tenant, "sess_1")
        assert stored is not None
        assert stored.billed_time == live.record.billed_time == books.clock.time


async def test_end_of_a_session_bills_the_rest(books: Books) -> None:
    await books.count_after(MINUTE)
    books.clock.time += MINUTE / 2
    async with books.journal.transaction() as change:
        change.usage.bill(books.live.session, change.now, egress_bytes=7)
        change.sessions.set_state(books.live.session, SessionState.DELETED)
    await books.count_after(MINUTE)
    use = await books.total()
    assert (use.session_seconds, use.egress_bytes) == (90, 7)


async def test_egress_bytes_are_billed_once(books: Books) -> None:
    for carried in (100, 100, 250):
        books.live.carried_bytes = carried
        await books.count_after(MINUTE)
    assert (await books.total()).egress_bytes == 250


async def test_stored_bytes_are_billed_by_the_hour(books: Books) -> None:
    await books.billing.count()
    execution = replace(execution_record("call_1", 1), record_bytes=1000)
    async with books.journal.transaction() as change:
        change.executions.accept(execution, PLACE)
    await books.count_after(HOUR)
    await books.count_after(HOUR / 2)
    assert (await books.total()).stored_byte_hours == pytest.approx(1500)
    assert books.billing.stored_bytes == 1000


async def test_reports_are_split_by_hour_and_day(books: Books) -> None:
    books.clock.time = START + timedelta(hours=22, minutes=30)
    books.live.session.publish(replace(books.live.record, create_time=books.clock.time))
    await books.billing.count()
    for _quarter in range(8):
        await books.count_after(MINUTE * 15)
    by_hour = await books.report(Interval.HOUR)
    assert [(use.start - START) / HOUR for use in by_hour] == [22, 23, 24]
    assert [use.session_seconds for use in by_hour] == [1800, 3600, 1800]
    by_day = await books.report(Interval.DAY)
    assert [(use.start, use.session_seconds) for use in by_day] == [
        (START, 5400),
        (START + DAY, 1800),
    ]
    second = await books.report(start=START + DAY, end=START + DAY + HOUR)
    assert [use.session_seconds for use in second] == [1800]


async def test_next_page_continues_after_the_previous_one(books: Books) -> None:
    for _hour in range(5):
        await books.count_after(HOUR)
    token, found = "", []
    while True:
        page = await books.billing.report("t", None, None, Interval.HOUR, 2, token)
        found += [report.use.session_seconds for report in page.items]
        token = page.next_token
        if not token:
            break
    assert sum(found) == 5 * 3600
    assert len(found) == 6


async def test_usage_is_deleted_after_its_retention(books: Books) -> None:
    await books.count_after(MINUTE)
    books.live.session.publish(replace(books.live.record, state=SessionState.DELETED))
    await books.count_after(RETENTION - HOUR)
    assert len(await books.report()) == 1
    await books.count_after(2 * HOUR)
    assert await books.report() == []


async def test_jump_of_the_clock_is_not_billed(books: Books) -> None:
    await books.count_after(MINUTE)
    await books.count_after(365 * DAY)
    (use,) = await books.report()
    assert use.session_seconds <= DAY.total_seconds()
    end = books.clock() + HOUR
    await books.count_after(-HOUR)
    (again,) = await books.report(end=end)
    assert again.session_seconds == use.session_seconds


def test_span_is_split_at_each_hour() -> None:
    parts = list(hours(START + 30 * MINUTE, START + 2 * HOUR + MINUTE))
    assert parts == [(START, 1800), (START + HOUR, 3600), (START + 2 * HOUR, 60)]


async def test_report_of_less_than_an_hour_is_refused(books: Books) -> None:
    with pytest.raises(OutOfRangeError, match="end_time: must be an hour after"):
        await books.report(start=START, end=START + 59 * MINUTE)
