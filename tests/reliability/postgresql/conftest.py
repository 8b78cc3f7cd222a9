from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from functools import partial
from itertools import count

import pytest

from cellblock_server.store.database import Database
from cellblock_server.store.owner import NOBODY, Owner
from cellblock_server.store.timings import StoreTimings
from tests.support.postgresql import TEMPLATE, Cluster
from tests.support.wire import Wire

NUMBERS = count(1)


@pytest.fixture
def name(cluster: Cluster) -> Iterator[str]:
    """A new database, with tables."""
    name = f"own_{next(NUMBERS)}"
    cluster.create(name, TEMPLATE)
    yield name
    cluster.drop(name)


@pytest.fixture
def empty(cluster: Cluster) -> Iterator[str]:
    """A new database without tables."""
    name = f"empty_{next(NUMBERS)}"
    cluster.create(name)
    yield name
    cluster.drop(name)


@pytest.fixture(params=["LATIN1", "SQL_ASCII"])
def other_encoding(cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[str]:
    """A new database whose text is not UTF-8."""
    name = f"other_{next(NUMBERS)}"
    cluster.create(name, encoding=request.param)
    yield name
    cluster.drop(name)


@pytest.fixture
async def wire(cluster: Cluster) -> AsyncIterator[Wire]:
    """A TCP relay in front of the cluster."""
    async with Wire(cluster.port) as wire:
        yield wire


SHORT = StoreTimings(away=0.5, known_away=0.0)


@pytest.fixture
async def opened() -> AsyncIterator[Callable[..., object]]:
    """A function that opens databases, which are closed at the end."""
    async with AsyncExitStack() as stack:

        async def open_one(
            url: object, owner: Owner = NOBODY, timings: StoreTimings | None = None
        ) -> Database:
            database = Database(url, None, owner, timings=timings)  # type: ignore[arg-type]
            stack.push_async_callback(database.close)
            await database.start()
            return database

        yield open_one


@pytest.fixture
def opened_shortly(opened: Callable[..., object]) -> Callable[..., object]:
    """A function that opens databases and waits half a second if they are unavailable."""
    return partial(opened, timings=SHORT)
