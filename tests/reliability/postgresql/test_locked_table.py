"""A table locked by another client: a bounded wait, a clear error, and recovery."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from cellblock_server.common.errors import UnavailableError
from cellblock_server.store.database import Database
from cellblock_server.store.timings import StoreTimings
from tests.support.postgresql import Cluster

WAIT = 1.0
CALLERS = 20


async def test_a_write_waits_for_a_bound_and_writes_behind_it_wait_less(
    cluster: Cluster,
    name: str,
    opened: Callable[..., Awaitable[Database]],
) -> None:
    timings = StoreTimings(busy=WAIT, busy_behind=WAIT / 100)
    database = await opened(cluster.url(name), timings=timings)
    with cluster.admin(name) as admin, admin.transaction():
        admin.execute("LOCK TABLE marks")
        begin = time.monotonic()
        writes = [database.check() for _ in range(CALLERS)]
        outcomes = await asyncio.gather(*writes, return_exceptions=True)
        took = time.monotonic() - begin
    for outcome in outcomes:
        assert isinstance(outcome, UnavailableError)
        assert outcome.reason == "STORE_FAILED"
        assert "lock timeout" in outcome.detail
    assert WAIT <= took < WAIT * CALLERS / 2
    await database.check()
