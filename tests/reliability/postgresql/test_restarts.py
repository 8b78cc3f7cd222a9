"""A database that restarts or is unavailable for a while: the server waits and loses nothing."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from cellblock_client import Client
from cellblock_client.errors import UnavailableError
from cellblock_client.events import Completed, Stdout
from tests.support.hasty_server import hasty_server
from tests.support.once import refused_create
from tests.support.postgresql import Cluster
from tests.support.server import ServerProcess
from tests.support.waiting import until

LINES = 100
"""Number of lines, one each tenth of a second: the code must outlast the database's restart."""

pytestmark = pytest.mark.usefixtures("_started_again")


@pytest.fixture
def _started_again(cluster: Cluster) -> Iterator[None]:
    """Start the cluster after each test, for other tests."""
    yield
    if not cluster.is_running:
        cluster.start()


@pytest.fixture
def server(cluster: Cluster, name: str, tmp_path: Path) -> Iterator[ServerProcess]:
    server = hasty_server(
        tmp_path,
        CELLBLOCK_STORE__URL=cluster.url(name).render_as_string(),
        CELLBLOCK_SANDBOX__BACKEND="local",
    )
    server.start()
    yield server
    if not cluster.is_running:
        cluster.start()
    server.end()


def is_served(client: Client) -> bool:
    try:
        next(iter(client.sessions.list()), None)
    except UnavailableError:
        return False
    return True


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["stopped", "crashed"])
def test_output_waits_until_the_database_is_back(
    server: ServerProcess, cluster: Cluster, how: signal.Signals
) -> None:
    pid = server.pid
    with Client(server.address) as client, client.sessions.create() as session:
        events = iter(
            session.execute(
                f"import time\nfor n in range({LINES}): print(n, flush=True); time.sleep(0.1)"
            )
        )
        seen = [next(events), next(events)]
        cluster.stop(how)
        until(lambda: "unavailable_trying_again" in server.log.read_text())
        refused = refused_create(server.address, 20)
        assert refused.reason in ("STORE_FAILED", "AUDIT_FAILED")
        assert refused.retry_after is not None
        cluster.start()
        seen += events
        shown = "".join(event.text for event in seen if isinstance(event, Stdout))
        assert shown == "".join(f"{n}\n" for n in range(LINES))
        assert isinstance(seen[-1], Completed)
        assert [event.sequence for event in seen] == list(range(1, len(seen) + 1))
        # The audit log is tried again a second later, which the client does not wait for.
        until(lambda: is_served(client))
        assert session.run("1 + 1").text == "2"
    assert server.pid == pid
