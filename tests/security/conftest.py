from collections.abc import Iterator
from pathlib import Path

import pytest

from cellblock_client.client import Session
from tests.support.attacks import Inside, Unprotected, unprotected

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.engine)


@pytest.fixture(scope="module")
def inside(shared_session: Session) -> Inside:
    """Where hostile code runs."""
    return Inside(shared_session)


@pytest.fixture(scope="module")
def outside() -> Iterator[Unprotected]:
    """Where the same code meets no defence but the container's namespaces."""
    with unprotected() as container:
        yield container
