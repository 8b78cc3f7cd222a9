"""Where kernels come from: the agent's memory is shared with what it forked before its start."""

from tests.support.agent import RunningAgent

STARTED_AS = "import sys; sys.orig_argv[-1] if 'forkserver' in ' '.join(sys.orig_argv) else 'agent'"


async def test_the_first_one_is_a_fork_of_the_agent(agent: RunningAgent) -> None:
    assert (await agent.run(STARTED_AS)).result == "'agent'"


async def test_one_that_replaces_it_is_a_program_of_its_own(agent: RunningAgent) -> None:
    await agent.run("import os; os.kill(os.getppid(), 9)")
    await agent.connection.restart_kernel("for a kernel of the new one's")
    assert (await agent.run(STARTED_AS)).result != "'agent'"
