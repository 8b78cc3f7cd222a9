from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.deployment import ServerContainer, folders, proxy, server

HERE = Path(__file__).parent
TIMEOUT_SECONDS = 300
"""Both containers start within the first test's."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.engine)
            item.add_marker(pytest.mark.timeout(TIMEOUT_SECONDS))


@pytest.fixture(scope="package")
def deployed() -> Iterator[ServerContainer]:
    """A server in a container, which reaches the engine through the proxy only."""
    with folders() as own, proxy(own), server(own) as started:
        yield started
