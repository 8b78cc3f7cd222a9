"""The audit log: nothing is lost silently, and nobody fills it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from cellblock_server.common.errors import UnavailableError
from cellblock_server.common.supervisor import Supervisor
from cellblock_server.store.audit import AuditFilter, AuditStore
from cellblock_server.store.database import Database
from cellblock_server.store.records import AuditRecord
from cellblock_server.tenants.audit import AuditLog, AuditTimings
from tests.support.databases import store_url
from tests.support.records import START
from tests.support.stored import Clock
from tests.support.waiting import eventually

DAY = timedelta(days=1)
ALL = AuditFilter()
ENTRY = AuditRecord(START, "t", "key_1", "unix:", "GetSession", {"session_id": "s"}, "OK", "")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(store_url(tmp_path / "store.db"))
    await database.start()
    yield database
    await database.close()


@pytest.fixture
async def log(database: Database, clock: Clock) -> AsyncIterator[AuditLog]:
    timings = AuditTimings(retry=0.01)
    async with AuditLog(AuditStore(database), DAY, 3, clock, Supervisor(), timings) as log:
        yield log


def named(rpc: str, tenant: str = "t") -> AuditRecord:
    return replace(ENTRY, rpc=rpc, tenant=tenant)


async def rpcs(log: AuditLog, wanted: AuditFilter = ALL) -> list[str]:
    return [entry.rpc for entry in (await log.list(wanted, 100, "")).items]


async def test_entries_are_listed_newest_first_and_by_pages(log: AuditLog) -> None:
    for record in (named("A"), named("B"), named("C", "u"), replace(ENTRY, key_id="key_2")):
        log.add(record)
    assert await rpcs(log) == ["GetSession", "C", "B", "A"]
    assert await rpcs(log, AuditFilter(tenant="u")) == ["C"]
    assert await rpcs(log, AuditFilter(key_id="key_2")) == ["GetSession"]
    assert await rpcs(log, AuditFilter(since=START + DAY)) == []
    first = await log.list(ALL, 3, "")
    second = await log.list(ALL, 3, first.next_token)
    assert [entry.rpc for entry in second.items] == ["A"]
    assert second.next_token == ""
    assert second.items[0] == named("A")


async def test_no_call_is_taken_that_could_not_be_told(log: AuditLog, database: Database) -> None:
    log.check()
    await rename(database, "audit", "away")
    log.add(ENTRY)
    await eventually(lambda: bool(failure(log)))
    found = failure(log)
    assert found
    reason, words = found
    assert reason == "AUDIT_FAILED"
    assert words.startswith("the audit log can't be written: the store failed: ")
    # In the words of the database.
    assert words.endswith(("no such table: audit", 'relation "audit" does not exist'))
    await rename(database, "away", "audit")
    await eventually(lambda: not failure(log))
    assert await rpcs(log) == ["GetSession"]


async def test_what_can_not_be_stored_at_the_end_is_told_by_the_log(
    database: Database, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    async with AuditLog(AuditStore(database), DAY, 3, clock, Supervisor()) as log:
        await rename(database, "audit", "away")
        log.add(named("DeleteFile"))
    (lost,) = [line for line in capsys.readouterr().out.splitlines() if "entry_lost" in line]
    assert "DeleteFile" in lost
    await rename(database, "away", "audit")


async def test_too_many_entries_that_wait_are_a_failure_as_well(
    database: Database, clock: Clock
) -> None:
    store = AuditStore(database)
    log = AuditLog(store, DAY, 3, clock, Supervisor(), max_waiting=2)
    log.add(ENTRY)
    assert failure(log) is None
    log.add(ENTRY)
    assert failure(log) == (
        "AUDIT_FAILED",
        "the audit log can't be written: too many entries wait",
    )


async def test_strangers_do_not_fill_it(log: AuditLog) -> None:
    for _ in range(1000):
        log.add(named("A", tenant=""))
    log.add(named("B"))
    found = await rpcs(log)
    assert len(found) == 61
    assert found[0] == "B"


async def test_what_is_old_is_forgotten(log: AuditLog, clock: Clock) -> None:
    log.add(named("A"))
    log.add(replace(named("B"), time=START + DAY))
    assert await rpcs(log) == ["B", "A"]
    clock.time += DAY + timedelta(seconds=1)
    await log.forget_old()
    assert await rpcs(log) == ["B"]


async def test_nobody_pushes_out_what_is_told_of_others(log: AuditLog) -> None:
    log.add(named("other", "u"))
    for number in range(10):
        log.add(named(str(number)))
    assert len(await rpcs(log)) == 11
    await log.forget_old()
    assert await rpcs(log) == ["9", "8", "7", "other"]


def failure(log: AuditLog) -> tuple[str, str] | None:
    try:
        log.check()
    except UnavailableError as error:
        return error.reason, str(error)
    return None


async def rename(database: Database, table: str, name: str) -> None:
    await database.execute(text(f"ALTER TABLE {table} RENAME TO {name}"))
