"""Restart of a session while its execution is being cancelled and does not end."""

import asyncio

from cellblock_client import AsyncClient, ExecutionStatus, SessionState
from cellblock_client.events import Completed, Stdout

STUBBORN = """
import signal, time
signal.signal(signal.SIGINT, lambda *_: print('interrupted', flush=True))
end = time.monotonic() + 60
print('runs', flush=True)
while time.monotonic() < end: time.sleep(0.01)
"""


async def test_the_code_ends_once_and_the_session_goes_on(async_client: AsyncClient) -> None:
    async with (
        await async_client.sessions.create() as session,
        asyncio.TaskGroup() as tasks,
    ):
        execution = session.execute(STUBBORN)
        ends = []
        async for event in execution:
            match event:
                case Stdout(text="runs\n"):
                    tasks.create_task(execution.cancel())
                case Stdout(text="interrupted\n"):
                    # The grace of the cancellation runs.
                    restarting = tasks.create_task(session.restart())
                case Completed():
                    ends.append(event.execution.status)
        assert ends == [ExecutionStatus.CANCELLED]
        await restarting
        info = await session.refresh()
        assert (info.state, info.kernel_generation) == (SessionState.READY, 2)
        assert (await session.run("1")).text == "1"
