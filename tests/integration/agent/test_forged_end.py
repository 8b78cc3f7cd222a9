"""Code that forges its end and runs on: its time limit holds, and the next execution runs."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.support.agent import RunningAgent, running_agent
from tests.support.forged_messages import FORGE, IDLE, REPLY

ACCEPT_SECONDS = 1.0
GO_ON = "import time\nwhile True: time.sleep(0.01)"
STUBBORN = (
    "import time\n"
    "while True:\n"
    "    try:\n"
    "        while True: time.sleep(0.01)\n"
    "    except KeyboardInterrupt: pass"
)
ONE_OF_TWO = {"the word that all is done": IDLE, "the reply": REPLY}


@pytest.fixture
async def agent() -> AsyncIterator[RunningAgent]:
    async with running_agent(timings={"check": {"accept": ACCEPT_SECONDS}}) as agent:
        yield agent


@pytest.mark.parametrize("forged", ONE_OF_TWO.values(), ids=ONE_OF_TWO)
async def test_one_forged_message_does_not_end_an_execution(
    agent: RunningAgent, forged: str
) -> None:
    shown = await agent.run(f"x = 1\n{FORGE}{forged}{GO_ON}", timeout=4)
    assert (shown.outcome, shown.end.memory_lost) == ("TIME_LIMIT", False)
    assert (await agent.run("x")).result == "1"


async def test_code_that_forged_its_whole_end_goes_on_to_its_time_limit_only(
    agent: RunningAgent,
) -> None:
    shown = await agent.run(f"{FORGE}{IDLE}{REPLY}{STUBBORN}", timeout=1)
    assert shown.outcome == "RAN"
    async with asyncio.timeout(20):
        while not (event := await agent.next_event()).HasField("kernel_restarted"):
            pass
    assert event.kernel_restarted.reason == (
        "code continued past its time limit of 1 s after its end"
    )
    assert (await agent.run("1 + 1")).result == "2"


async def test_the_next_code_does_not_wait_for_code_that_forged_its_end(
    agent: RunningAgent,
) -> None:
    await agent.run(f"{FORGE}{IDLE}{REPLY}{STUBBORN}", timeout=600)
    async with asyncio.timeout(20):
        shown = await agent.run("1 + 1", timeout=600)
    assert (shown.outcome, shown.end.memory_lost) == ("KERNEL_DIED", True)
    assert shown.end.message == (
        "the kernel did not accept the code: earlier code still occupies it;"
        " a new kernel was started, and all variables are lost"
    )
    assert (await agent.run("1 + 1")).result == "2"


async def test_what_can_be_interrupted_gives_way_to_the_next_code(agent: RunningAgent) -> None:
    await agent.run(f"x = 1\n{FORGE}{IDLE}{REPLY}{GO_ON}", timeout=600)
    assert (await agent.run("x", timeout=600)).result == "1"


async def test_code_that_never_lets_another_thread_run_was_taken_all_the_same(
    agent: RunningAgent,
) -> None:
    """The thread that sends output gets no turn, so no other message reports the start."""
    shown = await agent.run("sum(range(10**15))", timeout=ACCEPT_SECONDS + 3, grace=0.3)
    assert shown.outcome == "TIME_LIMIT"
