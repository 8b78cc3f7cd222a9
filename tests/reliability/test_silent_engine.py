"""Docker Engine accepts calls and answers none: dependent calls fail soon, others continue."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cellblock_client import Client, SessionState
from cellblock_client.errors import UnavailableError
from tests.support.engine import containers
from tests.support.faulty_engine import FaultyEngine, faulty_engine
from tests.support.hasty_server import ENGINE_SECONDS, hasty_server
from tests.support.once import refused_create
from tests.support.server import ServerProcess
from tests.support.waiting import until

pytestmark = pytest.mark.engine

CALLS = 2
"""A create asks the engine to make a sandbox, and then to remove what it may have made."""
SLACK_SECONDS = 10.0
"""Tolerance for a busy machine; without a bound, each call takes a minute."""


@pytest.fixture(scope="module")
def engine() -> Iterator[FaultyEngine]:
    # Unix sockets' paths have at most 107 bytes, which pytest's folders may exceed.
    with tempfile.TemporaryDirectory(prefix="cb-") as short, faulty_engine(Path(short) / "e") as it:
        yield it


@pytest.fixture(scope="module")
def server(
    engine: FaultyEngine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerProcess]:
    server = hasty_server(tmp_path_factory.mktemp("silent"), DOCKER_HOST=engine.host)
    server.start()
    yield server
    server.end()


@pytest.fixture
def client(server: ServerProcess) -> Iterator[Client]:
    with Client(server.address) as client:
        yield client


@pytest.fixture(autouse=True)
def awake(engine: FaultyEngine) -> Iterator[None]:
    yield
    engine.wake()


def sandboxes(server: ServerProcess) -> set[str]:
    return set(containers((server.state / "instance").read_text()))


def test_a_create_fails_soon_and_leaves_no_session(
    server: ServerProcess, client: Client, engine: FaultyEngine
) -> None:
    before, known = sandboxes(server), [session.id for session in client.sessions.list()]
    engine.fall_silent()
    error = refused_create(server.address, CALLS * ENGINE_SECONDS + SLACK_SECONDS)
    assert isinstance(error, UnavailableError)
    assert (error.reason, error.retry_after is None) == ("ENGINE_UNREACHABLE", False)
    assert "no answer to a ping" in error.message
    assert [session.id for session in client.sessions.list()] == known
    assert list((server.state / "run").iterdir()) == []
    engine.wake()
    with client.sessions.create() as session:
        assert session.run("1 + 1").text == "2"
    # The engine now handles the create and remove requests that it received then.
    until(lambda: sandboxes(server) == before)


def test_sessions_go_on_and_those_that_end_are_removed_later(
    server: ServerProcess, client: Client, engine: FaultyEngine
) -> None:
    before = sandboxes(server)
    with client.sessions.create() as session:
        deleted, expired = client.sessions.create(), client.sessions.create()
        three = sandboxes(server) - before
        engine.fall_silent()
        session.files.write("data", b"content")
        assert session.run("open('data').read()").text == "'content'"
        assert deleted.delete().state is SessionState.DELETED
        expired.update(idle_timeout=0.1)
        until(lambda: expired.refresh().state is SessionState.EXPIRED)
        assert session.run("1 + 1").text == "2"
        engine.wake()
        until(lambda: len(sandboxes(server) & three) == 1)
        assert len(list((server.state / "run").iterdir())) == 1


def test_a_server_starts_and_takes_its_sessions_over_later(
    server: ServerProcess, engine: FaultyEngine
) -> None:
    with Client(server.address) as client:
        session = client.sessions.create()
        session.run("x = 5")
    server.kill()
    engine.fall_silent()
    with Client(server.start()) as client:
        session = client.sessions.get(session.id)
        with pytest.raises(UnavailableError) as caught:
            session.run("x", timeout=1)
        assert caught.value.reason == "SESSION_NOT_READY"
        engine.wake()
        until(lambda: "session_adopted" in server.log.read_text())
        assert session.run("x").text == "5"
        session.delete()
