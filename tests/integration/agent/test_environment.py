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


async def test_a_restart_is_whole_though_nobody_waits_for_its_end(agent: RunningAgent) -> None:
    """As when the server is killed, at any moment of it."""
    await agent.connection.set_environment({"KEPT": "here"})
    for step in range(100):
        await agent.run("lost = 1")
        with suppress(TimeoutError):
            async with asyncio.timeout(step / 1000):
                await agent.connection.restart_kernel("its caller leaves")
        await agent.connection.status()
        shown = await agent.run("import os; os.environ['KEPT'], 'lost' in dir()")
        # Not begun at all, or done wholly.
        assert shown.result in ("('here', False)", "('here', True)"), step
