"""The next server process finds running sandboxes and adopts them, or finds that all have ended."""

import pytest

from cellblock_server.agent.errors import AgentGoneError
from cellblock_server.common.errors import NotFoundError
from tests.integration.backends.conftest import BackendOfServer, Started


async def restart(server: BackendOfServer, next_server: BackendOfServer) -> Started:
    """A sandbox in which code ran before the next server started."""
    sandbox = await server.start_sandbox()
    await server.run(sandbox, "x = 41")
    await sandbox.agent.close()
    await server.backend.close()
    await next_server.backend.start()
    return sandbox


async def test_adopted_sandbox_keeps_its_variables_and_is_not_reaped(
    server: BackendOfServer, next_server: BackendOfServer
) -> None:
    if not server.backend.capabilities.outlives_server:
        pytest.skip("its sandboxes end with the server")
    sandbox = await restart(server, next_server)
    (found,) = await next_server.backend.list()
    assert (found.id, found.has_egress) == (sandbox.id, False)
    sandbox.agent = await next_server.reconnect(sandbox)
    next_server.backend.adopt(sandbox.id)
    next_server.backend.adopt(sandbox.id)
    assert await next_server.backend.list() == []
    await next_server.backend.reap()
    assert await next_server.run(sandbox, "print(x + 1)") == "42\n"
    await next_server.backend.destroy(sandbox.id)


async def test_sandbox_that_is_not_adopted_is_reaped(
    server: BackendOfServer, next_server: BackendOfServer
) -> None:
    if not server.backend.capabilities.outlives_server:
        pytest.skip("its sandboxes end with the server")
    sandbox = await restart(server, next_server)
    assert [found.id for found in await next_server.backend.list()] == [sandbox.id]
    await next_server.backend.reap()
    await next_server.backend.reap()
    assert await next_server.backend.list() == []
    assert (await next_server.backend.wait(sandbox.id)).words == "was removed"


async def test_sandboxes_end_with_a_server_that_they_do_not_outlive(
    server: BackendOfServer, next_server: BackendOfServer
) -> None:
    if server.backend.capabilities.outlives_server:
        pytest.skip("its sandboxes outlive the server")
    sandbox = await restart(server, next_server)
    assert await next_server.backend.list() == []
    await next_server.backend.reap()
    with pytest.raises(NotFoundError):
        await next_server.backend.connect(sandbox.id)


async def test_running_server_does_not_list_its_own(server: BackendOfServer) -> None:
    sandbox = await server.start_sandbox()
    assert await server.backend.list() == []
    await server.backend.reap()
    await sandbox.agent.status()


async def test_connection_ends_with_its_sandbox(
    server: BackendOfServer, next_server: BackendOfServer
) -> None:
    if not server.backend.capabilities.outlives_server:
        pytest.skip("its sandboxes end with the server")
    sandbox = await restart(server, next_server)
    await next_server.backend.list()
    agent = await next_server.reconnect(sandbox)
    await next_server.backend.destroy(sandbox.id)
    with pytest.raises(AgentGoneError):
        await agent.list_files(1)
