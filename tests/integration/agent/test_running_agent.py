"""The helper that starts agents for tests removes them, whatever happens in a test."""

import os
import signal

import psutil
import pytest

from tests.support import agent as support
from tests.support.agent import RunningAgent, running_agent


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[RunningAgent]:
    """Return the list of the agents that a test starts; they have a short time to end."""
    monkeypatch.setattr(support, "END_SECONDS", 0.5)
    return []


async def start_and_stop(
    started: list[RunningAgent], children: list[psutil.Process], error: Exception | None
) -> None:
    async with running_agent() as agent:
        started.append(agent)
        children += psutil.Process(agent.process.pid).children(recursive=True)
        os.kill(agent.process.pid, signal.SIGSTOP)
        if error is not None:
            raise error


@pytest.mark.parametrize("error", [ZeroDivisionError(), None])
async def test_agent_that_does_not_end_is_killed_and_removed(
    started: list[RunningAgent], error: Exception | None
) -> None:
    children: list[psutil.Process] = []
    with pytest.raises(AssertionError if error is None else type(error)):
        await start_and_stop(started, children, error)
    (agent,) = started
    assert agent.process.poll() == -signal.SIGKILL
    assert not agent.folder.path.exists()
    assert children
    assert psutil.wait_procs(children, timeout=20)[1] == []
