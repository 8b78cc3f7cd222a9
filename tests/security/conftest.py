from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.hostile_ground import HostileGround, hostile_ground

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.engine)


@pytest.fixture(scope="session")
async def ground() -> AsyncIterator[HostileGround]:
    """A server where agents may be forged."""
    async with hostile_ground() as ground:
        yield ground
