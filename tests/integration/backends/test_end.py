"""A sandbox ends once, everything in it ends with it, and its backend says that it has."""

import asyncio
import secrets

import pytest

from cellblock_server.agent.errors import AgentGoneError
from cellblock_server.common.errors import NotFoundError
from tests.integration.backends.conftest import BackendOfServer


async def test_destroyed_sandbox_is_absent_and_may_be_destroyed_again(
    server: BackendOfServer,
) -> None:
    sandbox = await server.start_sandbox()
    await server.backend.destroy(sandbox.id)
    await server.backend.destroy(sandbox.id)
    with pytest.raises(AgentGoneError):
        await sandbox.agent.list_files(1)
    with pytest.raises(NotFoundError):
        await server.backend.connect(sandbox.id)
    assert (await server.backend.wait(sandbox.id)).words == "was removed"
    assert await server.backend.list() == []


async def test_concurrent_destroys_both_succeed(server: BackendOfServer) -> None:
    sandbox = await server.start_sandbox()
    await asyncio.gather(*(server.backend.destroy(sandbox.id) for _ in range(2)))
    assert (await server.backend.wait(sandbox.id)).words == "was removed"


async def test_wait_returns_when_the_sandbox_is_destroyed(server: BackendOfServer) -> None:
    sandbox = await server.start_sandbox()
    waiting = [asyncio.create_task(server.backend.wait(sandbox.id)) for _ in range(2)]
    cancelled = asyncio.create_task(server.backend.wait(sandbox.id))
    await asyncio.sleep(0)
    cancelled.cancel()
    await asyncio.wait({cancelled})
    assert not any(task.done() for task in waiting)
    await server.backend.destroy(sandbox.id)
    async with asyncio.timeout(20):
        ends = await asyncio.gather(*waiting)
    assert all(end.words for end in ends)


async def test_sandbox_is_destroyed_before_its_agent_listens(server: BackendOfServer) -> None:
    spec = server.spec()
    await server.backend.create(spec, secrets.token_urlsafe(32))
    await server.backend.destroy(spec.id)
    assert (await server.backend.wait(spec.id)).words == "was removed"


async def test_end_of_one_sandbox_leaves_the_others(server: BackendOfServer) -> None:
    one, other = await asyncio.gather(server.start_sandbox(), server.start_sandbox())
    await server.backend.destroy(one.id)
    assert await server.run(other, "print(1)") == "1\n"
