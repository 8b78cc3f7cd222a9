"""A database that stops responding: callers get an error within a bound, and service recovers."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from cellblock_server.common.errors import UnavailableError
from cellblock_server.store.database import Database
from cellblock_server.store.tables import marks
from cellblock_server.store.timings import StoreTimings
from tests.support.postgresql import Cluster
from tests.support.wire import Wire


async def well(database: Database) -> None:
    """Wait until it can be written: a machine that is busy may take longer than is waited for."""
    async with asyncio.timeout(20):
        while True:
            try:
                return await database.check()
            except UnavailableError:
                await asyncio.sleep(0.05)


async def test_silence_is_reported_within_a_bound_and_service_recovers(
    cluster: Cluster,
    name: str,
    wire: Wire,
    opened: Callable[..., Awaitable[Database]],
) -> None:
    timings = StoreTimings(away=0.5, known_away=0.0, answer=1.0, connect=2)
    database = await opened(cluster.tcp_url(name, wire.port), timings=timings)
    wire.hold()
    with pytest.raises(UnavailableError) as writing:
        await database.check()
    with pytest.raises(UnavailableError) as reading:
        await database.rows(select(marks))
    for caught in (writing, reading):
        assert caught.value.reason == "STORE_FAILED"
        assert caught.value.retry_after > timedelta(0)
    wire.resume()
    wire.cut()
    await well(database)
