"""A sandbox reaches the handler of its egress, or its backend says that it has none."""

import asyncio
from dataclasses import replace

import pytest

from cellblock_server.backends.sandbox import SandboxSpec
from cellblock_server.common.errors import WrongStateError
from tests.integration.backends.conftest import BackendOfServer

CONNECT = """
import socket
with socket.create_connection(("127.0.0.1", 3128)) as connection:
    connection.sendall(b"from inside")
    print(connection.recv(100).decode())
"""


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"heard: " + await reader.read(100))
    await writer.drain()
    writer.close()


async def unreachable(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def test_handler_serves_the_sandbox_or_egress_is_refused(
    server: BackendOfServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = server.backend
    if not backend.capabilities.egress:
        sandbox = await server.start_sandbox()
        with pytest.raises(WrongStateError) as refused:
            await backend.open_egress(sandbox.id, echo)
        assert refused.value.reason == "EGRESS_UNAVAILABLE"
        return
    plain = server.spec

    def with_egress() -> SandboxSpec:
        return replace(plain(), has_egress=True)

    monkeypatch.setattr(server, "spec", with_egress)
    sandbox = await server.start_sandbox()
    earlier = await backend.open_egress(sandbox.id, unreachable)
    listener = await backend.open_egress(sandbox.id, echo)
    earlier.close()
    assert await server.run(sandbox, CONNECT) == "heard: from inside\n"
    listener.close()
