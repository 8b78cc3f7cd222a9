"""A sandbox that is paused outside Cellblock: nothing in it responds, and no call waits forever."""

from collections.abc import Iterator

import pytest

from cellblock_client import Client, ExecutionInfo, ExecutionStatus, FailureCause, SessionState
from cellblock_client.client import Session
from cellblock_client.errors import ServerError
from cellblock_client.events import Completed, Event, Started
from tests.support.engine import containers, docker, pause
from tests.support.hasty_server import hasty_server
from tests.support.server import ServerProcess
from tests.support.waiting import until

pytestmark = [
    pytest.mark.engine,
    pytest.mark.unless_runtime("runsc", "the engine can't pause it here"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    server = hasty_server(tmp_path_factory.mktemp("paused"), CELLBLOCK_EXECUTIONS__GRACE="0.1")
    server.start()
    yield server
    server.end()


@pytest.fixture
def client(server: ServerProcess) -> Iterator[Client]:
    with Client(server.address) as client:
        yield client


@pytest.fixture
def session(client: Client) -> Iterator[Session]:
    with client.sessions.create() as session:
        session.run("x = 5")
        yield session


@pytest.fixture
def container(server: ServerProcess, session: Session) -> str:
    """Return the only container: tests of this module delete theirs."""
    (name,) = containers((server.state / "instance").read_text())
    return name


def begin(session: Session, code: str, time_limit: float) -> Iterator[Event]:
    """Run code and return its events."""
    events = iter(session.execute(code, time_limit=time_limit))
    while not isinstance(next(events), Started):
        continue
    return events


def end(events: Iterator[Event]) -> ExecutionInfo:
    """Return the execution from its last event."""
    *_, last = events
    assert isinstance(last, Completed)
    return last.execution


def test_a_sandbox_resumed_in_time_has_missed_nothing(session: Session, container: str) -> None:
    events = begin(session, "import time; time.sleep(0.5); print(x)", 30)
    pause(container)
    docker("unpause", container)
    assert end(events).status is ExecutionStatus.COMPLETED
    assert session.run("x").text == "5"


def test_an_idle_sandbox_continues_after_a_pause(
    session: Session, client: Client, container: str
) -> None:
    pause(container)
    with pytest.raises(ServerError, match="does not answer") as caught:
        session.files.list()
    assert caught.value.reason == "AGENT_GONE"
    assert client.sessions.get(session.id).info.state is SessionState.READY
    docker("unpause", container)
    assert session.run("x").text == "5"
    assert len(session.files.list()) == 0


def test_the_time_limit_holds_in_a_paused_sandbox(session: Session, container: str) -> None:
    running = begin(session, "import time; time.sleep(30)", 0.5)
    waiting = iter(session.execute("1"))
    next(waiting)
    pause(container)
    ended = end(running)
    assert ended.status is ExecutionStatus.FAILED
    assert ended.failure is not None
    assert ended.failure.cause is FailureCause.SANDBOX_LOST
    assert end(waiting).status is ExecutionStatus.EXPIRED
    until(lambda: session.refresh().state is SessionState.FAILED)
    assert session.info.end_reason == "SANDBOX_LOST"
    assert "may be paused" in session.info.end_message
    until(lambda: container not in docker("ps", "--all", "--format", "{{.Names}}").split())


def test_a_paused_session_expires_in_time(session: Session, container: str) -> None:
    pause(container)
    session.update(idle_timeout=0.1)
    until(lambda: session.refresh().state is SessionState.EXPIRED)
    until(lambda: container not in docker("ps", "--all", "--format", "{{.Names}}").split())


def test_a_paused_sandbox_does_not_delay_a_starting_server(server: ServerProcess) -> None:
    instance = (server.state / "instance").read_text()
    with Client(server.address) as client:
        session_id = client.sessions.create().id
    for container in containers(instance):
        pause(container)
    server.kill()
    with Client(server.start()) as client:
        info = client.sessions.get(session_id).info
        assert (info.state, info.end_reason) == (SessionState.FAILED, "SANDBOX_LOST")
        assert "does not answer: no response within 1 s" in info.end_message
    assert containers(instance) == []
