"""A connection that breaks during a commit: callers get the result that is stored."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, select

from cellblock_server.common.errors import UnavailableError
from cellblock_server.store.database import Database
from cellblock_server.store.owner import Owner
from cellblock_server.store.tables import marks
from cellblock_server.store.timings import StoreTimings
from tests.support.postgresql import Cluster
from tests.support.waiting import eventually
from tests.support.wire import Wire

Opened = Callable[..., Awaitable[Database]]
ROW = insert(marks).values(name="row", time=datetime(2026, 1, 1, tzinfo=UTC))
COMMIT = b"COMMIT\0"
"""Bytes of a COMMIT message that `BEGIN ISOLATION LEVEL READ COMMITTED` does not contain."""


async def names(database: Database) -> list[str]:
    return [row.name for row in await database.rows(select(marks.c.name))]


async def test_a_commit_that_was_executed_is_no_failure(
    cluster: Cluster, name: str, wire: Wire, opened: Opened
) -> None:
    database = await opened(cluster.tcp_url(name, wire.port))
    wire.lose("answer", COMMIT)
    await database.execute(ROW)
    assert await names(database) == ["row"]


async def test_a_commit_that_did_not_arrive_fails_and_can_be_repeated(
    cluster: Cluster, name: str, wire: Wire, opened: Opened
) -> None:
    database = await opened(cluster.tcp_url(name, wire.port))
    wire.lose("request", COMMIT)
    with pytest.raises(UnavailableError, match="the store failed"):
        await database.execute(ROW)
    assert await names(database) == []
    await database.execute(ROW)
    assert await names(database) == ["row"]


async def test_a_commit_reported_as_failed_but_stored_ends_the_server(
    cluster: Cluster, name: str, wire: Wire, opened_shortly: Opened
) -> None:
    said: list[str] = []
    owner = Owner(give_up=said.append)
    database = await opened_shortly(cluster.tcp_url(name, wire.port), owner)
    wire.is_up = False
    wire.lose("answer", COMMIT)
    with pytest.raises(UnavailableError):
        await database.execute(ROW)
    assert said == []
    wire.is_up = True
    cluster.until_left(name)
    with pytest.raises(UnavailableError, match="a write that was reported as failed is stored"):
        await database.check()
    assert len(said) == 1
    # Its memory differs from the stored state: it writes nothing any more.
    with pytest.raises(UnavailableError, match="a write that was reported as failed is stored"):
        await database.check()


async def test_a_commit_reported_as_failed_and_not_stored_is_forgotten(
    cluster: Cluster, name: str, wire: Wire, opened_shortly: Opened
) -> None:
    database = await opened_shortly(cluster.tcp_url(name, wire.port))
    wire.is_up = False
    wire.lose("request", COMMIT)
    with pytest.raises(UnavailableError):
        await database.execute(ROW)
    wire.is_up = True
    cluster.until_left(name)
    await database.execute(ROW)
    assert await names(database) == ["row"]


async def test_a_waiting_caller_gets_the_result_once_it_is_known(
    cluster: Cluster, name: str, wire: Wire, opened: Opened
) -> None:
    timings = StoreTimings(away=20.0)
    database = await opened(cluster.tcp_url(name, wire.port), timings=timings)
    wire.is_up = False
    wire.lose("answer", COMMIT)
    writing = asyncio.create_task(database.execute(ROW))
    await eventually(lambda: wire.refused > 0)
    assert not writing.done()
    wire.is_up = True
    await writing
