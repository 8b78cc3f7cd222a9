"""Ten times the server's capacity: it refuses calls, finishes what it accepted, and continues."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

import pytest

from cellblock_client import AsyncClient, ExecutionStatus
from cellblock_client.aio import AsyncSession
from cellblock_client.errors import ResourceExhaustedError
from tests.support.memory import forget_peak, peak, resident
from tests.support.server import ServerProcess

SESSIONS, QUEUE = 4, 3
MANY = 10
BOUNDS = {
    "CELLBLOCK_SESSIONS__MAX_SESSIONS": str(SESSIONS),
    "CELLBLOCK_SESSIONS__START_PARALLELISM": "1",
    "CELLBLOCK_SESSIONS__MAX_START_QUEUE": "1",
    "CELLBLOCK_EXECUTIONS__MAX_QUEUE": str(QUEUE),
}
FLAT_MIB = 48
"""Maximum growth of the server's memory while all clients call, in MiB."""

T = TypeVar("T")


@pytest.fixture
def small(new_server: Callable[..., ServerProcess]) -> Iterator[ServerProcess]:
    server = new_server(**BOUNDS)
    resident_before = resident(server.pid)
    forget_peak(server.pid)
    yield server
    assert peak(server.pid) - resident_before < FLAT_MIB


async def tried(call: Awaitable[T], refused: Counter[str]) -> T | None:
    """Return a call's result; None if the server is overloaded and says when to retry."""
    try:
        return await call
    except ResourceExhaustedError as error:
        refused[error.reason if error.retry_after else "no word of when"] += 1
        return None


async def test_create_calls_over_capacity_are_refused(small: ServerProcess) -> None:
    async with AsyncClient(small.address) as client:
        refused: Counter[str] = Counter()
        calls = (tried(client.sessions.create(), refused) for _ in range(MANY * SESSIONS))
        sessions = [session for session in await asyncio.gather(*calls) if session]
        # One is started, one waits, and there is no third place.
        assert len(sessions) == 2
        assert refused.total() == MANY * SESSIONS - 2
        assert set(refused) <= {"START_QUEUE_FULL", "SESSION_LIMIT"}
        refused.clear()
        for session in sessions:
            assert (await session.run("1")).text == "1"
        # Immediately, as if there had been no overload.
        while len(sessions) < SESSIONS:
            sessions.append(await client.sessions.create())
            assert (await sessions[-1].run("1")).text == "1"
        assert await tried(client.sessions.create(), refused) is None
        assert refused == {"SESSION_LIMIT": 1}
        assert len([info async for info in client.sessions.list()]) == SESSIONS


async def test_executions_over_capacity_are_refused(small: ServerProcess) -> None:
    async with AsyncClient(small.address) as client:
        sessions = [await client.sessions.create() for _ in range(SESSIONS)]
        refused: Counter[str] = Counter()
        done = await asyncio.gather(*(flood(session, refused) for session in sessions))
        assert refused == {"QUEUE_FULL": MANY * (QUEUE + 1) * SESSIONS - sum(done)}
        assert refused.total() >= (MANY - 1) * SESSIONS * QUEUE
        for session in sessions:
            assert (await session.run("1")).text == "1"


async def flood(session: AsyncSession, refused: Counter[str]) -> int:
    """Return the number of accepted executions; assert that each ran to its end, once."""
    await session.run("ran = 0")
    code = "import time; time.sleep(0.2); ran += 1"
    calls = (tried(session.run(code), refused) for _ in range(MANY * (QUEUE + 1)))
    results = [result for result in await asyncio.gather(*calls) if result]
    assert {result.status for result in results} == {ExecutionStatus.COMPLETED}
    assert (await session.run("ran")).text == str(len(results))
    return len(results)
