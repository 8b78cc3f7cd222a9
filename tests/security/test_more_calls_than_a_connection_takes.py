"""A client with more concurrent calls than the server allows on one connection."""

import asyncio
from collections.abc import Iterator

import pytest

from cellblock_client import AsyncClient
from cellblock_client.events import Stdout
from tests.security.callers import Guarded, guarded

PER_CONNECTION = 10
AT_ONCE = 5 * PER_CONNECTION


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    with guarded(
        tmp_path_factory.mktemp("guarded"),
        CELLBLOCK_SERVER__MAX_CALLS_PER_CONNECTION=str(PER_CONNECTION),
    ) as at:
        yield at


async def test_all_calls_run_concurrently(at: Guarded) -> None:
    async with (
        AsyncClient(at.address, api_key=at.admin, tls=False) as client,
        await client.sessions.create() as session,
    ):
        running = session.execute("print(1, flush=True); import time; time.sleep(600)")
        begun = asyncio.Barrier(AT_ONCE)

        async def watch() -> None:
            async for event in client.executions.watch(execution_id):
                if isinstance(event, Stdout):
                    await begun.wait()
                    return

        async for event in running:
            execution_id = event.execution_id
            break
        async with asyncio.timeout(60):
            await asyncio.gather(*(watch() for _ in range(AT_ONCE)))


async def test_short_calls_one_after_the_other_are_never_refused(at: Guarded) -> None:
    async with AsyncClient(at.address, api_key=at.admin, tls=False, retry_for=0) as client:

        async def ask() -> None:
            for _ in range(10):
                assert [item async for item in client.admin.keys()]  # noqa: SIM118

        await asyncio.gather(*(ask() for _ in range(AT_ONCE)))
