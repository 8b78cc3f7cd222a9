"""However a kernel dies, the execution has an end that names the cause, and a kernel is there."""

import os
import signal

import pytest

from tests.support.agent import RunningAgent

# ZeroMQ writes from a thread of its own: what was flushed leaves the process a moment later.
PRINT = "import time; print('bye', flush=True); time.sleep(0.1); "
DEEP = "import sys\nsys.setrecursionlimit(10**9)\nx = []\nfor _ in range(10**6): x = [x]\nrepr(x)"


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        (PRINT + "import os; os._exit(3)", "exit code 3"),
        (PRINT + "import ctypes; ctypes.string_at(0)", "signal SIGSEGV"),
        (PRINT + "import os; os.kill(os.getpid(), 9)", "signal SIGKILL"),
        (PRINT + "import os; os.abort()", "signal SIGABRT"),
        (PRINT + DEEP, "signal SIGSEGV"),
    ],
)
async def test_a_kernel_that_dies_is_named_and_replaced(
    agent: RunningAgent, code: str, cause: str
) -> None:
    (agent.data / "kept").write_text("kept")
    shown = await agent.run(code)
    assert shown.text() == "bye\n"
    assert (shown.outcome, shown.end.memory_lost) == ("KERNEL_DIED", True)
    assert f"the kernel died: {cause}" in shown.end.message
    assert "kernel_restarted" in shown.kinds()
    assert (await agent.run("1")).result == "1"
    assert (agent.data / "kept").read_text() == "kept"


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


@pytest.mark.slow
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
