"""An agent waits for its first kernel as long as configured, and then reports why it ends."""

import pytest

from cellblock_server.agent.errors import AgentGoneError
from cellblock_server.backends.errors import HostileSandboxError
from tests.support.agent import running_agent


async def test_it_ends_when_there_is_no_kernel_in_time(capfd: pytest.CaptureFixture[str]) -> None:
    # On an idle machine it has ended before there is a socket to connect to.
    with pytest.raises((AgentGoneError, HostileSandboxError)):
        async with running_agent(start_timeout=0.001, own_interpreter=True):
            pass
    assert "ForkServerError: no kernel was forked in 3 attempts" in capfd.readouterr().err
