from collections.abc import AsyncIterator

import pytest

from tests.support.agent import RunningAgent, running_agent

SHORT = {"questions": {"answer": 2.0, "interrupted": 0.2}}
"""Times that are longer than a busy machine takes for answers that succeed."""


@pytest.fixture
async def agent() -> AsyncIterator[RunningAgent]:
    async with running_agent() as agent:
        yield agent


@pytest.fixture
async def hasty_agent() -> AsyncIterator[RunningAgent]:
    """Start an agent with short time limits."""
    async with running_agent(timings=SHORT) as agent:
        yield agent
