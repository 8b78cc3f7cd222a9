import asyncio
from contextlib import suppress

from tests.support.agent import RunningAgent

HOSTILE = "'); raise SystemExit('\"\\\n{}"


async def test_variables_reach_this_kernel_and_the_next(agent: RunningAgent) -> None:
    await agent.connection.set_environment({"TOKEN": HOSTILE, "TZ": "UTC"})
    code = "import os; os.environ['TOKEN']"
    assert (await agent.run(code)).result == repr(HOSTILE)
    await agent.connection.restart_kernel("environment must stay")
    assert (await agent.run(code)).result == repr(HOSTILE)


async def test_our_code_leaves_no_trace(agent: RunningAgent) -> None:
    await agent.connection.set_environment({"A": "1"})
    shown = await agent.run("_ih, In, Out, 'os' in globals()")
    assert shown.end.execution_count == 1
    assert shown.result.endswith("False)")


async def test_a_restart_is_completed_after_its_caller_left(agent: RunningAgent) -> None:
    """A server that is killed leaves at any moment of the restart."""
    await agent.connection.set_environment({"KEPT": "here"})
    for step in range(100):
        await agent.run("lost = 1")
        with suppress(TimeoutError):
            async with asyncio.timeout(step / 1000):
                await agent.connection.restart_kernel("its caller leaves")
        await agent.connection.status()
        shown = await agent.run("import os; os.environ['KEPT'], 'lost' in dir()")
        # Either not begun, or completed.
        assert shown.result in ("('here', False)", "('here', True)"), step
