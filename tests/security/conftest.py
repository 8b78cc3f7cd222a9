from collections.abc import Iterator
from pathlib import Path

import pytest

from cellblock_client.client import Session
from tests.security.callers import Guarded, guarded
from tests.support.attacks import Inside, Unprotected, unprotected

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """A server that needs keys, for tests that have tenants of their own."""
    with guarded(tmp_path_factory.mktemp("guarded")) as at:
        yield at


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
