"""CPU time counts in the period in which it is measured, and each period starts at zero."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cellblock_server.common.errors import QuotaError
from cellblock_server.journal.journal import Journal
from cellblock_server.journal.tracked import Tracked, TrackedSession
from cellblock_server.sessions.meter import CpuMeter
from cellblock_server.store.cpu import CpuStore
from cellblock_server.store.database import Database
from cellblock_server.store.executions import ExecutionStore
from cellblock_server.store.sessions import SessionStore
from cellblock_server.tenants.cpu_quota import CpuQuota
from cellblock_server.tenants.quotas import QuotaTable
from tests.support.databases import store_url
from tests.support.quotas import QUOTAS
from tests.support.records import session_record
from tests.support.stored import Clock

pytestmark = pytest.mark.each_store

DAY = timedelta(days=1)


class Sandboxes:
    """A backend that reports a given CPU time; tests with an engine cover the real measurement."""

    seconds = 0.0

    async def cpu_seconds(self, _sandbox_id: str) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock(datetime(2026, 1, 1, 23, 59, tzinfo=UTC))


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(store_url(tmp_path / "store.db"))
    await database.start()
    yield database
    await database.close()


@pytest.fixture
async def session(database: Database) -> TrackedSession:
    record = session_record()
    await SessionStore(database).insert(record)
    return Tracked(record)


async def quota(database: Database, clock: Clock) -> CpuQuota:
    table = QuotaTable(replace(QUOTAS, cpu_seconds=10))
    made = CpuQuota(CpuStore(database), table, DAY, clock)
    await made.start()
    return made


def meter(database: Database, clock: Clock, sandboxes: Sandboxes, cpu: CpuQuota) -> CpuMeter:
    journal = Journal(database, ExecutionStore(database), clock, clock)
    return CpuMeter(sandboxes, journal, cpu, list)  # type: ignore[arg-type]


async def test_new_cpu_time_is_counted_once(
    database: Database, clock: Clock, session: TrackedSession
) -> None:
    sandboxes, cpu = Sandboxes(), await quota(database, clock)
    measuring = meter(database, clock, sandboxes, cpu)
    for seconds, counted in ((3.0, 3.0), (3.0, 3.0), (9.5, 9.5), (1.0, 9.5)):
        sandboxes.seconds = seconds
        await measuring.measure(session)
        assert cpu.used("t") == counted
    cpu.check("t")
    sandboxes.seconds = 10.0
    await measuring.measure_last(session)
    with pytest.raises(QuotaError) as caught:
        cpu.check("t")
    assert caught.value.message == (
        "tenant 't' has used 10.0 s of CPU time since 2026-01-01 00:00 UTC; the quota is 10 s "
        "until 2026-01-02 00:00 UTC"
    )
    assert caught.value.retry_after == timedelta(minutes=1)
    cpu.check("another")


async def test_used_cpu_time_survives_a_restart(
    database: Database, clock: Clock, session: TrackedSession
) -> None:
    sandboxes, cpu = Sandboxes(), await quota(database, clock)
    sandboxes.seconds = 12.0
    await meter(database, clock, sandboxes, cpu).measure(session)
    again = await quota(database, clock)
    assert again.used("t") == 12.0
    kept = await SessionStore(database).find_session("t", "sess_1")
    assert kept is not None
    await meter(database, clock, sandboxes, again).measure(Tracked(kept))
    assert again.used("t") == 12.0


async def test_new_period_starts_at_zero(
    database: Database, clock: Clock, session: TrackedSession
) -> None:
    sandboxes, cpu = Sandboxes(), await quota(database, clock)
    measuring = meter(database, clock, sandboxes, cpu)
    sandboxes.seconds = 12.0
    await measuring.measure(session)
    clock.time += timedelta(minutes=1)
    cpu.check("t")
    assert cpu.used("t") == 0
    sandboxes.seconds = 13.0
    await measuring.measure(session)
    assert cpu.used("t") == 1.0
    assert (await quota(database, clock)).used("t") == 1.0
    assert await CpuStore(database).used_in(clock.time - DAY) == {}
