from collections.abc import AsyncIterator

import pytest

from tests.support.agent import RunningAgent, running_agent


@pytest.fixture
async def agent() -> AsyncIterator[RunningAgent]:
    async with running_agent() as agent:
        yield agent
