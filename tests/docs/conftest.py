from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.sample_world import World, world

HERE = Path(__file__).parent
TIMEOUT_SECONDS = 180
"""A page with many commands takes a while on a busy machine."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents and "documented" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.engine)
            item.add_marker(pytest.mark.timeout(TIMEOUT_SECONDS))


@pytest.fixture(scope="package")
def documented(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The server to which the pages refer."""
    with world(tmp_path_factory.mktemp("documented")) as made:
        yield made
