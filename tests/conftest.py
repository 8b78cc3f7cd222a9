"""A real server for each worker, with the real engine and the real image."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import hypothesis
import pytest

from cellblock_client import Client
from cellblock_client.client import Session
from cellblock_client.embedded import embedded_server
from tests.support import buckets, databases
from tests.support.images import ENVIRONMENT, FULL
from tests.support.postgresql import Cluster, programs
from tests.support.s3 import S3Server, s3_server
from tests.support.server import ServerProcess
from tests.support.stores import (
    DEFAULT,
    Stores,
    add_options,
    chosen_stores,
    parametrize_stores,
    skip_other_stores,
)
from tests.support.timed_server import COMMAND, ShortTimings, timed_environment

# No test asserts a time: a busy machine is no failure.
hypothesis.settings.register_profile("cellblock", deadline=None)
hypothesis.settings.load_profile("cellblock")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--runtime", default="", metavar="NAME", help="OCI runtime for all sandboxes of containers"
    )
    add_options(parser)
    parser.addoption(
        "--longer",
        type=int,
        default=1,
        metavar="TIMES",
        help="random sequences of calls: so many times as many, and others each time",
    )
    parser.addoption(
        "--kills", type=int, default=25, help="how often tests of reliability kill the server"
    )
    parser.addoption("--kill-seed", type=int, default=1, help="at which moments they do")


def pytest_configure(config: pytest.Config) -> None:
    # All servers that tests start inherit it.
    if runtime := config.getoption("--runtime"):
        os.environ["CELLBLOCK_SANDBOX__RUNTIME"] = runtime


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    parametrize_stores(metafunc)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    runtime = config.getoption("--runtime")
    for item in items:
        for mark in item.iter_markers("only_runtime"):
            if mark.args[0] != runtime:
                item.add_marker(pytest.mark.skip(reason=f"only with --runtime {mark.args[0]}"))
        skip_other_stores(item)
        for mark in item.iter_markers("unless_runtime"):
            name, why = mark.args
            if name == runtime:
                item.add_marker(pytest.mark.skip(reason=f"{name}: {why}"))


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL for each worker."""
    if programs() is None and os.getuid() != 0:
        pytest.skip("PostgreSQL is not installed, and only root can (make test does it)")
    cluster = Cluster()
    try:
        cluster.make()
        yield cluster
    finally:
        cluster.remove()


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """An S3 server for each worker."""
    with s3_server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture(scope="session", autouse=True)
def stores(request: pytest.FixtureRequest) -> Iterator[Stores]:
    """Stores of all servers that are started while it lasts."""
    used: Stores = getattr(request, "param", None) or chosen_stores(request.config) or DEFAULT
    if used.metadata == "postgresql":
        databases.use(request.getfixturevalue("cluster"))
    if used.blobs == "s3":
        buckets.use(request.getfixturevalue("s3"))
    yield used
    databases.use(None)
    buckets.use(None)


@pytest.fixture(scope="session")
def state_dir(stores: Stores, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("server") / "state"


@pytest.fixture(scope="session")
def server(state_dir: Path, stores: Stores) -> Iterator[str]:
    """A server's address."""
    with ExitStack() as stack:
        if stores != DEFAULT:
            # One that is embedded keeps everything in its folder.
            process = ServerProcess(state_dir.parent)
            stack.callback(process.end)
            yield process.start()
            return
        with pytest.MonkeyPatch.context() as patch:
            for name, value in ENVIRONMENT.items():
                patch.setenv(name, value)
            address = stack.enter_context(embedded_server(state_dir=state_dir))
        yield address


@pytest.fixture(scope="session")
def instance(server: str, state_dir: Path) -> str:
    """Id in the labels of the server's containers."""
    return (state_dir / "instance").read_text()


@pytest.fixture
def client(server: str) -> Iterator[Client]:
    with Client(server) as client:
        yield client


@pytest.fixture
def session(client: Client) -> Iterator[Session]:
    with client.sessions.create() as session:
        yield session


@pytest.fixture(scope="module")
def shared_session(server: str) -> Iterator[Session]:
    """A shared session for tests that work with leftovers of other tests."""
    with Client(server) as client, client.sessions.create() as session:
        yield session


@pytest.fixture(scope="module")
def full_session(server: str) -> Iterator[Session]:
    """A shared session whose sandbox has everything in the default image."""
    with Client(server) as client, client.sessions.create(image=FULL) as session:
        yield session


@pytest.fixture
def new_server(tmp_path: Path) -> Iterator[Callable[..., ServerProcess]]:
    """Return a function that starts servers; keywords are environment variables.

    `timings` are those of `timed_server`.
    """
    with ExitStack() as stack:

        def make(timings: ShortTimings | None = None, **environment: str) -> ServerProcess:
            folder = tmp_path / f"server-{len(list(tmp_path.iterdir()))}"
            folder.mkdir()
            process = (
                ServerProcess(folder, environment)
                if timings is None
                else ServerProcess(folder, {**timed_environment(timings), **environment}, COMMAND)
            )
            stack.callback(process.end)
            process.start()
            return process

        yield make
