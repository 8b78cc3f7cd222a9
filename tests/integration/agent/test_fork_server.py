"""Source of kernels: the agent's memory is shared with the fork server that it forked first."""

import os

import psutil
import pytest

from tests.support.agent import RunningAgent, running_agent
from tests.support.waiting import eventually

STARTED_AS = """
with open("/proc/self/cmdline") as file:
    command = file.read()
"fork server" if "forkserver" in command else "agent"
"""


async def test_the_first_one_is_a_fork_of_the_agent(agent: RunningAgent) -> None:
    assert (await agent.run(STARTED_AS)).result == "'agent'"


async def test_one_that_replaces_it_is_a_program_of_its_own(agent: RunningAgent) -> None:
    await agent.run("import os; os.kill(os.getppid(), 9)")
    await agent.connection.restart_kernel("for a kernel of the new one's")
    assert (await agent.run(STARTED_AS)).result != "'agent'"


async def test_one_that_has_nothing_to_do_ends_until_a_kernel_is_wanted() -> None:
    async with running_agent(fork_server_timeout=0.5) as agent:
        forked = "import os; x = 5; os.getppid()"
        fork_server = int((await agent.run(forked)).result)
        await eventually(lambda: not exists(fork_server))
        assert (await agent.run("x, os.getppid()")).result == f"(5, {agent.process.pid})"
        assert len(psutil.Process(agent.process.pid).children()) == 1
        await agent.connection.restart_kernel("a kernel is wanted")
        assert (await agent.run(forked)).result not in (str(fork_server), str(agent.process.pid))


@pytest.mark.parametrize("folder", [".config", ".ipython", ".ipython/profile_default"])
async def test_what_code_left_at_home_does_not_keep_another_from_starting(
    agent: RunningAgent, folder: str
) -> None:
    code = (
        "import os, pathlib, shutil\n"
        f"folder = pathlib.Path.home() / {folder!r}\n"
        "shutil.rmtree(folder); folder.write_text('in the way'); os.kill(os.getppid(), 9)"
    )
    assert "error" not in (await agent.run(code)).kinds()
    await agent.connection.restart_kernel("a kernel is wanted")
    assert (await agent.run("1")).result == "1"


async def test_the_shell_that_was_made_there_is_its_kernels_own(agent: RunningAgent) -> None:
    code = "import os; shell = get_ipython(); shell.kernel.shell is shell, _dh == [os.getcwd()]"
    assert (await agent.run(code)).result == "(True, True)"
    assert (await agent.run("%pwd")).result == repr(str(agent.data))


async def test_a_kernel_that_dies_without_one_is_replaced() -> None:
    async with running_agent(fork_server_timeout=0.5) as agent:
        fork_server = int((await agent.run("import os; os.getppid()")).result)
        await eventually(lambda: not exists(fork_server))
        shown = await agent.run("import os; os._exit(3)")
        assert "the kernel died: exit code 3" in shown.end.message
        assert (await agent.run("1")).result == "1"


def exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
