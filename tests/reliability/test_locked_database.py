"""A database locked by another process: a bounded wait, a clear error, and recovery."""

import asyncio
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from cellblock_client import Client
from cellblock_client.events import Completed, Stdout
from cellblock_server.common import errors
from cellblock_server.store.database import Database
from cellblock_server.store.timings import StoreTimings
from tests.support.hasty_server import hasty_server
from tests.support.once import refused_create
from tests.support.waiting import until

pytestmark = pytest.mark.only_store("sqlite", "locks SQLite's file")

WAIT = 0.5
CALLERS = 20


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Lock the database file exclusively for the time of the block."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


async def test_a_write_waits_for_a_bound_and_writes_behind_it_wait_less(
    tmp_path: Path,
) -> None:
    file = tmp_path / "store.db"
    timings = StoreTimings(busy=WAIT, busy_behind=WAIT / 100)
    database = Database(f"sqlite:///{file}", timings=timings)
    await database.start()
    try:
        await database.execute(text("CREATE TABLE t (a INTEGER)"))
        insert = text("INSERT INTO t VALUES (1)")
        with locked(file):
            begin = time.monotonic()
            writes = [database.execute(insert) for _ in range(CALLERS)]
            outcomes = await asyncio.gather(*writes, return_exceptions=True)
            took = time.monotonic() - begin
        for outcome in outcomes:
            assert isinstance(outcome, errors.UnavailableError)
            assert outcome.reason == "STORE_FAILED"
            assert "database is locked" in outcome.detail
        assert WAIT <= took < WAIT * CALLERS / 2
        await database.execute(insert)
        assert len(await database.rows(text("SELECT a FROM t"))) == 1  # type: ignore[arg-type]
    finally:
        await database.close()


async def test_a_write_waits_for_a_short_lock(tmp_path: Path) -> None:
    file = tmp_path / "store.db"
    database = Database(f"sqlite:///{file}")
    await database.start()
    try:
        with locked(file):
            writing = asyncio.create_task(database.execute(text("CREATE TABLE t (a)")))
            await asyncio.wait({writing}, timeout=WAIT)
            assert not writing.done()
        await writing
    finally:
        await database.close()


def test_output_of_code_waits_until_the_lock_is_released(tmp_path: Path) -> None:
    server = hasty_server(tmp_path, CELLBLOCK_SANDBOX__BACKEND="local")
    server.start()
    try:
        with Client(server.address) as client, client.sessions.create() as session:
            events = iter(session.execute("import time; time.sleep(1); print('shown')"))
            seen = [next(events), next(events)]
            with locked(server.state / "cellblock.db"):
                assert "database is locked" in refused_create(server.address, 20).message
                until(lambda: "unavailable_trying_again" in server.log.read_text())
            seen += events
            assert [event.text for event in seen if isinstance(event, Stdout)] == ["shown\n"]
            assert isinstance(seen[-1], Completed)
            assert [event.sequence for event in seen] == list(range(1, len(seen) + 1))
            assert client.sessions.create().run("1 + 1").text == "2"
    finally:
        server.end()
