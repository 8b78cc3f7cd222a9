"""A sandbox is created, and connected to only through its backend's transport."""

import asyncio
import secrets

import pytest

from cellblock_server.agent.connecting import connect_agent
from cellblock_server.agent.errors import AgentGoneError
from tests.integration.backends.conftest import START, BackendOfServer


async def test_agent_of_new_sandbox_answers_and_runs_code(server: BackendOfServer) -> None:
    await server.backend.check()
    sandbox = await server.start_sandbox()
    assert (await sandbox.agent.status()).kernel_generation == 1
    assert await server.run(sandbox, "print(6 * 7)") == "42\n"


async def test_sandbox_can_be_connected_to_again(server: BackendOfServer) -> None:
    sandbox = await server.start_sandbox()
    await sandbox.agent.status()
    again = await server.reconnect(sandbox)
    assert (await again.status()).kernel_generation == 1
    # The other connection has its own transport.
    await sandbox.agent.status()


async def test_transport_without_the_token_is_refused(server: BackendOfServer) -> None:
    sandbox = await server.start_sandbox()
    sandbox.token = secrets.token_urlsafe(32)
    with pytest.raises(AgentGoneError, match="UNAUTHENTICATED"):
        await server.reconnect(sandbox)


async def test_sandboxes_are_isolated_from_each_other(server: BackendOfServer) -> None:
    one, other = await asyncio.gather(server.start_sandbox(), server.start_sandbox())
    await server.run(one, "x = 1; open('file', 'w').write('x')")
    printed = await server.run(other, "import os; print('x' in globals(), os.listdir())")
    assert printed == "False []\n"


async def test_connect_waits_for_the_agent_and_can_be_cancelled(server: BackendOfServer) -> None:
    spec, token = server.spec(), secrets.token_urlsafe(32)
    await server.backend.create(spec, token)
    try:
        waiting = asyncio.create_task(server.backend.connect(spec.id))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait({waiting})
        agent = await connect_agent(server.backend, spec.id, token, START)
        await agent.close()
    finally:
        await server.backend.destroy(spec.id)
