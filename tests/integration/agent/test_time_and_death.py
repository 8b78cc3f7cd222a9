"""However code ends, the execution has an end that names the cause, and a kernel is there."""

import os
import signal
from datetime import timedelta

import pytest

from tests.support.agent import RunningAgent

# ZeroMQ writes from a thread of its own: what was flushed leaves the process a moment later.
PRINT = "import time; print('bye', flush=True); time.sleep(0.1); "
STUBBORN = """
import signal
signal.signal(signal.SIGINT, signal.SIG_IGN)
while True: pass
"""


async def test_the_time_limit_interrupts_and_keeps_variables(agent: RunningAgent) -> None:
    shown = await agent.run("x = 1\nwhile True: pass", timeout=0.3)
    assert (shown.outcome, shown.end.memory_lost) == ("TIME_LIMIT", False)
    assert shown.end.message == "time limit of 0.3 s reached"
    assert shown.error.name == "KeyboardInterrupt"
    assert (await agent.run("x")).result == "1"


async def test_code_that_ignores_the_interrupt_is_killed(agent: RunningAgent) -> None:
    shown = await agent.run(STUBBORN, timeout=0.3, grace=0.3)
    assert (shown.outcome, shown.end.memory_lost) == ("TIME_LIMIT", True)
    assert "kernel_restarted" in shown.kinds()
    assert (await agent.run("1")).result == "1"


async def test_a_stopped_kernel_is_killed(agent: RunningAgent) -> None:
    shown = await agent.run(
        "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)", timeout=0.3, grace=0.3
    )
    assert shown.outcome == "TIME_LIMIT"


async def test_interrupt_on_request(agent: RunningAgent) -> None:
    name = await agent.start("print('go', flush=True)\nwhile True: pass")
    await agent.connection.interrupt_execution(name, timedelta(seconds=5))
    shown = await agent.read(name)
    assert (shown.outcome, shown.end.memory_lost) == ("INTERRUPTED", False)


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        (PRINT + "import os; os._exit(3)", "exit code 3"),
        (PRINT + "import ctypes; ctypes.string_at(0)", "signal SIGSEGV"),
        (PRINT + "import os; os.kill(os.getpid(), 9)", "signal SIGKILL"),
    ],
)
async def test_a_kernel_that_dies_is_named_and_replaced(
    agent: RunningAgent, code: str, cause: str
) -> None:
    shown = await agent.run(code)
    assert shown.text() == "bye\n"
    assert (shown.outcome, shown.end.memory_lost) == ("KERNEL_DIED", True)
    assert f"the kernel died: {cause}" in shown.end.message
    assert (await agent.run("1")).result == "1"


async def test_a_kernel_that_dies_while_nothing_runs_is_replaced(agent: RunningAgent) -> None:
    pid = int((await agent.run("import os; os.getpid()")).result)
    os.kill(pid, signal.SIGKILL)
    event = await agent.next_event()
    assert event.execution_id == ""
    assert "while nothing ran (signal SIGKILL)" in event.kernel_restarted.reason
    assert (await agent.run("1")).result == "1"


async def test_a_killed_fork_server_is_replaced(agent: RunningAgent) -> None:
    await agent.run("x = 5; import os; os.kill(os.getppid(), 9)")
    assert (await agent.run("x")).result == "5"
    await agent.connection.restart_kernel("to see that there is a fork server")
    assert (await agent.run("1")).result == "1"


async def test_a_stopped_fork_server_is_replaced(
    agent: RunningAgent,
) -> None:
    await agent.run("import os, signal; os.kill(os.getppid(), signal.SIGSTOP)")
    await agent.connection.restart_kernel("to see that there is a fork server")
    assert (await agent.run("1")).result == "1"


async def test_children_go_with_their_kernel(agent: RunningAgent) -> None:
    shown = await agent.run(
        "import subprocess\nsubprocess.Popen(['sleep', '1000'], start_new_session=True).pid"
    )
    await agent.connection.restart_kernel("children must go")
    with pytest.raises(ProcessLookupError):
        os.kill(int(shown.result), 0)


async def test_restart_loses_variables_and_counts(agent: RunningAgent) -> None:
    await agent.run("x = 1")
    assert await agent.connection.restart_kernel("on request") == 2
    assert (await agent.run("x")).error.name == "NameError"


async def test_restart_ends_what_runs(agent: RunningAgent) -> None:
    name = await agent.start("while True: pass")
    await agent.connection.restart_kernel("on request")
    shown = await agent.read(name)
    assert (shown.outcome, shown.end.memory_lost) == ("RESTARTED", True)
