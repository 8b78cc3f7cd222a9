"""Deletion of a session while its container is being created."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import grpc

from cellblock.v1 import session_pb2 as pb
from cellblock.v1 import session_pb2_grpc
from tests.support.engine import containers
from tests.support.held_engine import held_engine
from tests.support.server import ServerProcess

NAME = "sess_made_and_deleted"


async def test_a_session_deleted_during_create_is_created_and_then_deleted(
    new_server: Callable[..., ServerProcess], tmp_path: Path
) -> None:
    socket = tmp_path / "engine.sock"
    async with held_engine(socket, b"/containers/create") as engine:
        server = await asyncio.to_thread(new_server, DOCKER_HOST=f"unix://{socket}")
        # As the service has it: the client would call again by itself.
        async with grpc.aio.insecure_channel(server.address) as channel:
            stub = session_pb2_grpc.SessionServiceStub(channel)
            creating = stub.CreateSession(pb.CreateSessionRequest(session_id=NAME))
            await engine.came.wait()
            deleting = stub.DeleteSession(pb.DeleteSessionRequest(session_id=NAME))
            # It is answered after the deletion has come.
            found = await stub.GetSession(pb.GetSessionRequest(session_id=NAME))
            assert found.session.state == pb.SESSION_STATE_CREATING
            engine.go.set()
            assert (await deleting).session.state == pb.SESSION_STATE_DELETED
            assert (await creating).session.id == NAME
    assert containers((server.state / "instance").read_text()) == []
