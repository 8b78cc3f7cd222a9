"""Questions about code: each has a time limit and leaves no trace."""

import asyncio
from datetime import timedelta

import pytest

from cellblock_server.common.errors import UnavailableError
from tests.support.agent import RunningAgent
from tests.support.waiting import eventually

STUBBORN = """
import signal
class Stubborn:
    def __dir__(self):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        while True: pass
stubborn = Stubborn()
"""


async def completions(agent: RunningAgent, code: str) -> list[str]:
    answer = await agent.connection.complete_code(code, len(code))
    return [completion.text for completion in answer.completions]


async def test_questions_are_refused_immediately_while_code_runs(agent: RunningAgent) -> None:
    name = await agent.start("while True: pass")
    await agent.until_begun()
    with pytest.raises(UnavailableError) as caught:
        await completions(agent, "prin")
    assert caught.value.reason == "KERNEL_BUSY"
    assert name in caught.value.message
    await agent.stream.interrupt_execution(name, timedelta(seconds=1))
    await agent.read(name)
    assert "print" in await completions(agent, "prin")


async def test_the_next_one_is_answered_as_soon_as_an_execution_has_ended(
    agent: RunningAgent,
) -> None:
    for number in range(5):
        await agent.run(f"name_{number} = 1")
        assert f"name_{number}" in await completions(agent, "name_")


async def test_what_takes_too_long_is_interrupted(hasty_agent: RunningAgent) -> None:
    agent = hasty_agent
    await agent.run("class Slow:\n    def __dir__(self):\n        while True: pass\nslow = Slow()")
    await completions(agent, "slow.")
    assert "slow" in await completions(agent, "slo")


async def test_an_execution_that_comes_meanwhile_goes_first(agent: RunningAgent) -> None:
    await agent.run(
        "class Slow:\n"
        "    def __dir__(self):\n"
        "        open('begun', 'w').close()\n"
        "        while True: pass\n"
        "slow = Slow()"
    )
    asked = asyncio.create_task(completions(agent, "slow."))
    await eventually((agent.data / "begun").exists)
    shown = await agent.run("slow is not None")
    assert shown.result == "True"
    await asyncio.wait({asked})


async def test_what_can_not_be_interrupted_is_left_to_the_next_executions_time_limit(
    hasty_agent: RunningAgent,
) -> None:
    agent = hasty_agent
    await agent.run(STUBBORN)
    with pytest.raises(UnavailableError, match="did not answer in time"):
        await completions(agent, "stubborn.")
    shown = await agent.run("1", timeout=0.2, grace=0.2)
    assert shown.outcome == "TIME_LIMIT"
    assert shown.end.memory_lost
    assert "print" in await completions(agent, "prin")


async def test_they_are_no_executions_and_show_nothing(agent: RunningAgent) -> None:
    await agent.run(
        "class Loud:\n"
        "    def __dir__(self):\n"
        "        print('loud')\n"
        "        return ['quiet']\n"
        "loud = Loud()"
    )
    assert ".quiet" in await completions(agent, "loud.")
    await agent.connection.inspect_code("loud", 4, 0)
    await agent.connection.is_code_complete("loud")
    shown = await agent.run("1")
    assert shown.end.execution_count == 2
    assert shown.text() == ""
    assert agent.background == []


async def test_two_simultaneous_questions_are_answered_in_turn(agent: RunningAgent) -> None:
    found = await asyncio.gather(*(completions(agent, "prin") for _ in range(10)))
    assert all("print" in names for names in found)


async def test_a_fresh_kernel_answers(agent: RunningAgent) -> None:
    await agent.run("name_before = 1")
    await agent.connection.restart_kernel("test")
    assert await completions(agent, "name_bef") == []
    assert "print" in await completions(agent, "prin")
