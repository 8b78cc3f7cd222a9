"""A process that code forks from a kernel: its output and its end."""

import asyncio

from tests.support.agent import RunningAgent

LATE = """
import os
woken, wake = os.pipe()
pid = os.fork()
if pid == 0:
    os.read(woken, 1)
    print("late")
"""
LEFT = """
import os
pid = os.fork()
if pid == 0:
    raise SystemExit
"""


async def test_output_after_its_execution_is_in_no_other(agent: RunningAgent) -> None:
    await agent.run(LATE)
    shown = await agent.run("os.write(wake, b'x'); os.waitpid(pid, 0); print('next')")
    assert shown.text() == "next\n"
    async with asyncio.timeout(10):
        while not any(event.stream_text.text == "late\n" for event in agent.background):
            await agent.run("")


async def test_a_child_without_a_waiting_parent_takes_no_request(agent: RunningAgent) -> None:
    for number in range(10):
        await agent.run(LEFT)
        assert (await agent.run(f"{number} + 1")).result == f"{number + 1}"


async def test_a_child_of_a_thread_takes_no_request(agent: RunningAgent) -> None:
    await agent.run("import os, threading; threading.Thread(target=os.fork).start()")
    assert (await agent.run("1 + 1")).result == "2"


async def test_a_child_of_a_task_takes_no_request(agent: RunningAgent) -> None:
    code = "import asyncio, os\nasync def fork(): os.fork()\ntask = asyncio.create_task(fork())"
    await agent.run(code)
    assert (await agent.run("await task; 1 + 1")).result == "2"
    assert (await agent.run("os.wait()[1]")).result == "0"
