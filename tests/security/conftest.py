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
async def ground(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[HostileGround]:
    """A server where agents may be forged."""
    async with hostile_ground(tmp_path_factory.mktemp("hostile")) as ground:
        yield ground
