"""Agent that is asked for events which a server with a newer database has acknowledged."""

import pytest

from cellblock_server.agent.errors import AgentGoneError
from tests.support.agent import RunningAgent


async def test_it_refuses_what_it_has_forgotten_and_goes_on(agent: RunningAgent) -> None:
    await agent.run("print(1)")
    # The order reaches the agent after the acknowledgement of the previous execution.
    assert (await agent.run("print(2)")).text() == "2\n"
    older = agent.connection.converse()
    await older.acknowledge(0)
    with pytest.raises(AgentGoneError) as caught:
        await anext(aiter(older))
    assert "were acknowledged and dropped, got 0" in str(caught.value)
    await agent.open_stream()
    assert (await agent.run("print(3)")).text() == "3\n"


async def test_it_says_how_far_its_server_was(agent: RunningAgent) -> None:
    assert (await agent.connection.status()).newest_execution_id == ""
    await agent.run("print(1)")
    stored = agent.acknowledged
    name = await agent.start("print(2)")
    await agent.read(name)
    status = await agent.connection.status()
    assert status.newest_execution_id == name
    assert stored <= status.acknowledged_sequence <= status.last_sequence
