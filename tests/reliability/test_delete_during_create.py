"""A session that is deleted while its container is being made."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from cellblock_client import AsyncClient, SessionState
from tests.support.engine import containers
from tests.support.held_engine import held_engine
from tests.support.server import ServerProcess

NAME = "sess_made_and_deleted"


async def test_it_is_made_and_then_deleted(
    new_server: Callable[..., ServerProcess], tmp_path: Path
) -> None:
    socket = tmp_path / "engine.sock"
    async with held_engine(socket, b"/containers/create") as engine:
        server = await asyncio.to_thread(new_server, DOCKER_HOST=f"unix://{socket}")
        async with AsyncClient(server.address) as client:
            creating = asyncio.create_task(client.sessions.create(session_id=NAME))
            await engine.came.wait()
            session = await client.sessions.get(NAME)
            assert session.info.state is SessionState.CREATING
            deleting = asyncio.create_task(session.delete())
            # Answered after the delete has come: one connection, one event loop.
            await client.sessions.get(NAME)
            engine.go.set()
            assert (await deleting).state is SessionState.DELETED
            assert (await creating).id == NAME
    assert containers((server.state / "instance").read_text()) == []
