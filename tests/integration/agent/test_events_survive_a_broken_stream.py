from datetime import timedelta

import pytest

from cellblock_server.agent.errors import AgentGoneError
from cellblock_server.agent.stream import ExecutionBounds
from tests.support.agent import RunningAgent, output_limits


async def test_unacknowledged_events_come_again(agent: RunningAgent) -> None:
    name = await agent.start("print('once')")
    async for _batch in agent.stream:  # read, but never acknowledged
        break
    agent.stream.cancel()
    await agent.open_stream()
    shown = await agent.read(name)
    assert [event.sequence for event in shown.events] == [1, 2, 3]
    assert shown.text() == "once\n"


async def test_acknowledged_events_do_not_come_again(agent: RunningAgent) -> None:
    await agent.run("print('first')")
    agent.stream.cancel()
    await agent.open_stream()
    assert (await agent.run("print('second')")).text() == "second\n"


async def test_a_new_stream_ends_the_old_one(agent: RunningAgent) -> None:
    await agent.run("1")  # the first stream is open
    old = agent.stream
    await agent.open_stream()
    with pytest.raises(AgentGoneError, match="another stream was opened"):
        async for _batch in old:
            pass


async def test_the_same_execution_twice_runs_once(agent: RunningAgent) -> None:
    bounds = ExecutionBounds(timedelta(seconds=9), timedelta(seconds=1), output_limits())
    await agent.run("n = 0")
    for _ in range(3):
        await agent.stream.start_execution("call_same", "n += 1", bounds, {}, agent.acknowledged)
    await agent.read("call_same")
    assert (await agent.run("n")).result == "1"
