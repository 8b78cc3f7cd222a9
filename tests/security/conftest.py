from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.security.callers import Guarded, guarded

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
