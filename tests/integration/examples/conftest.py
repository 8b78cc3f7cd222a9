"""Examples run as a user runs them: as programs, against a real server."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cellblock_client import Client, SessionInfo, SessionState
from tests.integration.examples.program import Program
from tests.support.model_server import ModelServer, model_server

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.engine)
            # A program's own start counts as well, and frameworks take long to be imported.
            item.add_marker(pytest.mark.timeout(180))


@pytest.fixture
def model() -> Iterator[ModelServer]:
    with model_server() as server:
        yield server


@pytest.fixture
def program(server: str, tmp_path: Path) -> Program:
    """A runner of examples, with a folder for one test."""
    return Program(server, tmp_path)


@pytest.fixture
def sessions(client: Client) -> Iterator[Callable[[], list[SessionInfo]]]:
    """A function that returns the sessions created since the test began; all end with it."""
    before = {session.id for session in client.sessions.list()}

    def made() -> list[SessionInfo]:
        return [session for session in client.sessions.list() if session.id not in before]

    yield made
    assert {session.state for session in made()} == {SessionState.DELETED}
