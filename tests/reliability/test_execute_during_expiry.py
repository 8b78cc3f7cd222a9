"""Executions sent to a session at the moment of its expiry."""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from cellblock_client import AsyncClient, ExecutionStatus, SessionState
from cellblock_client.aio import AsyncSession
from cellblock_client.errors import WrongStateError
from tests.support.held_engine import held_engine
from tests.support.server import ServerProcess

IDLE_SECONDS = 0.4
SESSIONS = 8
MOMENTS = random.Random(8)  # noqa: S311 - no secret
"""The same ones each time."""
TOLD = {"SESSION_EXPIRED", "SESSION_ENDED"}


async def test_execute_is_refused_while_the_container_is_being_removed(
    new_server: Callable[..., ServerProcess], tmp_path: Path
) -> None:
    socket = tmp_path / "engine.sock"
    async with held_engine(socket, b"DELETE ") as engine:
        server = await asyncio.to_thread(new_server, DOCKER_HOST=f"unix://{socket}")
        async with AsyncClient(server.address) as client:
            session = await client.sessions.create(idle_timeout=IDLE_SECONDS)
            await engine.came.wait()
            with pytest.raises(WrongStateError, match=r"idle for 0\.4 s") as caught:
                await session.run("1")
            assert caught.value.reason == "SESSION_EXPIRED"
            engine.go.set()


async def test_execute_runs_or_is_refused_or_expires_with_the_session(
    async_client: AsyncClient,
) -> None:
    async def once(at: float) -> str:
        session = await async_client.sessions.create(idle_timeout=IDLE_SECONDS)
        # No condition is waited for: the moment is what the test is about.
        await asyncio.sleep(IDLE_SECONDS + at)
        return await outcome(session)

    async with asyncio.TaskGroup() as tasks:
        runs = [tasks.create_task(once(MOMENTS.uniform(-0.02, 0.02))) for _ in range(SESSIONS)]
    assert {run.result() for run in runs} <= {"ran", "expired", *TOLD}


async def outcome(session: AsyncSession) -> str:
    """Return the outcome of an execution; assert that it and the session have ended."""
    try:
        result = await session.run("1")
    except WrongStateError as error:
        assert (await session.refresh()).state is SessionState.EXPIRED
        return error.reason
    if result.status is ExecutionStatus.COMPLETED:
        await session.delete()
        return "ran"
    assert result.status is ExecutionStatus.EXPIRED
    assert result.failure is not None
    assert "idle for 0.4 s" in result.failure.message
    return "expired"
