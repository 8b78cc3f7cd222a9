"""Another file replaces the agent's socket, before the server connects or after."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest

from cellblock_client import AsyncClient
from cellblock_client.errors import Error
from tests.support.forged import Answers, ForgedAgent, Forgery, Script, forgery
from tests.support.forged_server import IMAGE
from tests.support.hostile_ground import COMMAND, HostileGround, environment_of
from tests.support.lies import answers, fails, never
from tests.support.server import ServerProcess

NAME = "agent.sock"


async def to_the_engine(folder: Path) -> None:
    (folder / NAME).symlink_to("/var/run/docker.sock")


async def to_another_sandbox(folder: Path) -> None:
    others = next(folder.parents[1].glob(f"*/agent/{NAME}"))
    (folder / NAME).symlink_to(others)


async def to_itself(folder: Path) -> None:
    (folder / NAME).symlink_to(NAME)


async def a_file(folder: Path) -> None:
    (folder / NAME).touch()


async def a_folder(folder: Path) -> None:
    (folder / NAME).mkdir()


async def a_fifo(folder: Path) -> None:
    os.mkfifo(folder / NAME)


PLANTS = [to_the_engine, to_another_sandbox, to_itself, a_file, a_folder, a_fifo]


@pytest.mark.parametrize("plant", PLANTS)
async def test_a_planted_socket_is_not_connected_to(
    ground: HostileGround, plant: Callable[[Path], Awaitable[None]]
) -> None:
    ground.forged.plant = plant
    try:
        with pytest.raises(
            Error, match=r"agent socket can't be used: not a socket|could not be started"
        ):
            await ground.client.sessions.create(image=IMAGE)
    finally:
        await ground.forged.forget()
    await ground.check_neighbour()
    ground.check_log()
    assert len(list((ground.server.state / "run").glob("*"))) == 1  # the neighbour's


async def test_a_socket_that_is_replaced_later_is_not_connected_to(ground: HostileGround) -> None:
    planted: list[str] = []

    async def status(agent: ForgedAgent, _requests: AsyncIterator[bytes], _context: Any) -> Answers:
        # The server has pinned the socket by now; as root it could still be fooled by a name.
        folder = agent.folder
        (folder / NAME).unlink()
        (folder / NAME).symlink_to("/var/run/docker.sock")
        planted.append(str(folder))
        yield b""

    outcome = await ground.play(Script(lies={"GetStatus": status}))
    assert planted
    assert outcome.executions[0].status.name == "COMPLETED"


async def test_a_lying_agent_does_not_prevent_a_server_start() -> None:
    async with server_for_forgeries() as (server, forged):
        lies = [fails(grpc.StatusCode.FAILED_PRECONDITION), answers(b"\xff"), never]
        async with AsyncClient(server.address) as client:
            sessions = [await client.sessions.create(image=IMAGE) for _ in (*lies, "honest")]
        await asyncio.to_thread(server.kill)
        for agent, lie in zip(forged.agents, lies, strict=False):
            agent.script = Script(lies={"GetStatus": lie})
        address = await asyncio.to_thread(server.start)
        async with AsyncClient(address) as client:
            states = [(await client.sessions.get(each.id)).info for each in sessions]
            assert [info.state.name for info in states] == ["FAILED"] * 3 + ["READY"]
            honest = await client.sessions.get(sessions[-1].id)
            assert (await honest.run("code")).failure is None
            await honest.delete()


@asynccontextmanager
async def server_for_forgeries() -> AsyncIterator[tuple[ServerProcess, Forgery]]:
    async with forgery() as forged:
        server = ServerProcess(forged.folder, environment_of(forged), COMMAND)
        await asyncio.to_thread(server.start)
        try:
            yield server, forged
        finally:
            await asyncio.to_thread(server.stop)
