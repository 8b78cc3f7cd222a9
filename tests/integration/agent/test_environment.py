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
