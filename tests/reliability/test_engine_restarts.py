"""Restarts and pauses of a real Docker Engine, with and without live-restore."""

from collections.abc import Iterator

import pytest

from cellblock_client import Client, ExecutionStatus, FailureCause, SessionState
from cellblock_client.events import Completed, Started, Stdout
from tests.support.hasty_server import hasty_server
from tests.support.images import CORE
from tests.support.once import refused_create
from tests.support.own_engine import OwnEngine, own_engine
from tests.support.server import ServerProcess
from tests.support.waiting import until

pytestmark = [
    pytest.mark.engine,
    pytest.mark.slow,
    pytest.mark.unless_runtime("runsc", "the test's own engine has no such runtime"),
]

SECONDS = 30
"""A busy machine's; what is not bounded takes minutes."""
CODE = "import time\nfor n in range(30): print(n, flush=True); time.sleep(0.1)"


@pytest.fixture(scope="module")
def engine() -> Iterator[OwnEngine]:
    with own_engine(CORE) as engine:
        yield engine


@pytest.fixture(scope="module")
def server(engine: OwnEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    server = hasty_server(tmp_path_factory.mktemp("restarts"), DOCKER_HOST=engine.host)
    server.start()
    yield server
    server.end()


@pytest.fixture
def client(server: ServerProcess) -> Iterator[Client]:
    with Client(server.address) as client:
        yield client


def containers_of(engine: OwnEngine) -> set[str]:
    return set(engine.docker("ps", "--all", "--quiet").split())


def check_create_is_refused(server: ServerProcess) -> None:
    error = refused_create(server.address, SECONDS)
    assert (error.reason, error.retry_after is None) == ("ENGINE_UNREACHABLE", False)


def test_with_live_restore_sessions_carry_on(
    client: Client, server: ServerProcess, engine: OwnEngine
) -> None:
    with client.sessions.create() as session:
        session.run("x = 5")
        events = iter(session.execute(CODE))
        seen = [next(events), next(events)]
        engine.stop()
        check_create_is_refused(server)
        engine.start(live_restore=True)
        seen += events
        text = "".join(event.text for event in seen if isinstance(event, Stdout))
        assert text == "".join(f"{n}\n" for n in range(30))
        assert session.run("x").text == "5"
        client.sessions.create().delete()


def test_an_engine_stopped_by_a_signal_is_unavailable(
    client: Client, server: ServerProcess, engine: OwnEngine
) -> None:
    with client.sessions.create() as session:
        engine.freeze()
        check_create_is_refused(server)
        assert session.run("1 + 1").text == "2"
        engine.thaw()
        client.sessions.create().delete()


def test_without_live_restore_sessions_end_with_the_engine(
    client: Client, engine: OwnEngine
) -> None:
    engine.stop()
    engine.start(live_restore=False)
    before = containers_of(engine)
    session = client.sessions.create()
    events = iter(session.execute("import time; time.sleep(60)"))
    while not isinstance(next(events), Started):
        continue
    engine.stop()
    *_, last = events
    assert isinstance(last, Completed)
    assert last.execution.status is ExecutionStatus.FAILED
    assert last.execution.failure is not None
    assert last.execution.failure.cause is FailureCause.SANDBOX_LOST
    until(lambda: session.refresh().state is SessionState.FAILED)
    assert session.info.end_reason == "SANDBOX_LOST"
    engine.start(live_restore=False)
    until(lambda: containers_of(engine) <= before)
    with client.sessions.create() as other:
        assert other.run("1 + 1").text == "2"
