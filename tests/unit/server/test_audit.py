"""The audit log: loses no entry silently, and no caller can fill it."""

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

pytestmark = pytest.mark.each_store

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


def entry_of(rpc: str, tenant: str = "t") -> AuditRecord:
    return replace(ENTRY, rpc=rpc, tenant=tenant)


async def rpcs(log: AuditLog, wanted: AuditFilter = ALL) -> list[str]:
    return [entry.rpc for entry in (await log.list(wanted, 100, "")).items]


async def test_entries_are_listed_newest_first_in_pages(log: AuditLog) -> None:
    for record in (
        entry_of("A"),
        entry_of("B"),
        entry_of("C", "u"),
        replace(ENTRY, key_id="key_2"),
    ):
        log.add(record)
    assert await rpcs(log) == ["GetSession", "C", "B", "A"]
    assert await rpcs(log, AuditFilter(tenant="u")) == ["C"]
    assert await rpcs(log, AuditFilter(key_id="key_2")) == ["GetSession"]
    assert await rpcs(log, AuditFilter(since=START + DAY)) == []
    first = await log.list(ALL, 3, "")
    second = await log.list(ALL, 3, first.next_token)
    assert [entry.rpc for entry in second.items] == ["A"]
    assert second.next_token == ""
    assert second.items[0] == entry_of("A")


async def test_calls_are_refused_while_entries_cannot_be_stored(
    log: AuditLog, database: Database
) -> None:
    log.check()
    await rename(database, "audit", "away")
    log.add(ENTRY)
    await eventually(lambda: bool(failure(log)))
    found = failure(log)
    assert found
    reason, words = found
    assert reason == "AUDIT_FAILED"
    assert words.startswith("the audit log can't be written: the store failed: ")
    # The database's own message.
    assert words.endswith(("no such table: audit", 'relation "audit" does not exist'))
    await rename(database, "away", "audit")
    await eventually(lambda: not failure(log))
    assert await rpcs(log) == ["GetSession"]


async def test_entries_not_stored_at_the_end_are_logged(
    database: Database, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    async with AuditLog(AuditStore(database), DAY, 3, clock, Supervisor()) as log:
        await rename(database, "audit", "away")
        log.add(entry_of("DeleteFile"))
    (lost,) = [line for line in capsys.readouterr().out.splitlines() if "entry_lost" in line]
    assert "DeleteFile" in lost
    await rename(database, "away", "audit")


async def test_too_many_waiting_entries_are_a_failure(database: Database, clock: Clock) -> None:
    store = AuditStore(database)
    log = AuditLog(store, DAY, 3, clock, Supervisor(), max_waiting=2)
    log.add(ENTRY)
    assert failure(log) is None
    log.add(ENTRY)
    assert failure(log) == (
        "AUDIT_FAILED",
        "the audit log can't be written: too many entries wait",
    )


async def test_entries_of_calls_without_a_key_are_limited(log: AuditLog) -> None:
    for _ in range(1000):
        log.add(entry_of("A", tenant=""))
    log.add(entry_of("B"))
    found = await rpcs(log)
    assert len(found) == 61
    assert found[0] == "B"


async def test_old_entries_are_deleted(log: AuditLog, clock: Clock) -> None:
    log.add(entry_of("A"))
    log.add(replace(entry_of("B"), time=START + DAY))
    assert await rpcs(log) == ["B", "A"]
    clock.time += DAY + timedelta(seconds=1)
    await log.forget_old()
    assert await rpcs(log) == ["B"]


async def test_entries_of_one_tenant_do_not_replace_those_of_another(log: AuditLog) -> None:
    log.add(entry_of("other", "u"))
    for number in range(10):
        log.add(entry_of(str(number)))
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
