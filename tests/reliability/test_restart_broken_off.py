"""A server killed while it restarts a kernel: the next process knows the session's state."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest
from sqlalchemy import text

from cellblock_client import Client, SessionState
from cellblock_client.errors import UnavailableError
from cellblock_server.store import records
from tests.support.databases import database_of
from tests.support.server import ServerProcess

pytestmark = pytest.mark.each_store

KILLS = 5
SPAN_SECONDS = 0.15
"""A kill comes within so long after the restart was asked for, which takes about as long."""
UNKNOWN = "the kernel was replaced for an unknown reason: a restart was interrupted"


def test_a_session_is_not_left_restarting(lasting_server: Callable[..., ServerProcess]) -> None:
    server = lasting_server()
    with Client(server.address) as client:
        session = client.sessions.create()
        server.kill()
        with database_of(server.state) as database:
            state = int(records.SessionState.RESTARTING)
            database.execute(text("UPDATE sessions SET state = :state"), {"state": state})
        server.start()
        info = session.refresh()
        # The agent had not heard of it.
        assert (info.state, info.memory_loss) == (SessionState.READY, None)
        assert session.restart().kernel_generation == 2


def test_an_unannounced_kernel_replacement_is_reported(
    lasting_server: Callable[..., ServerProcess],
) -> None:
    server = lasting_server()
    with Client(server.address) as client:
        session = client.sessions.create()
        session.restart()
        # The agent's own word of it is stored before what follows it.
        session.run("1")
        server.kill()
        # An agent whose server goes while the new kernel is made ready has no event of it.
        with database_of(server.state) as database:
            state = int(records.SessionState.RESTARTING)
            database.execute(
                text(
                    "UPDATE sessions SET state = :state, kernel_generation = 1, "
                    "memory_loss_time = NULL, memory_loss_message = ''"
                ),
                {"state": state},
            )
        server.start()
        info = session.refresh()
        assert (info.state, info.kernel_generation) == (SessionState.READY, 2)
        assert info.memory_loss is not None
        assert (info.memory_loss.message, info.memory_loss.execution_id) == (UNKNOWN, "")


@pytest.mark.timeout(300)
def test_variables_survive_or_their_loss_is_reported_whenever_the_server_is_killed(
    lasting_server: Callable[..., ServerProcess],
) -> None:
    random = Random(1)  # noqa: S311 - no secret
    server = lasting_server()
    with Client(server.address) as client, ThreadPoolExecutor() as threads:
        for _ in range(KILLS):
            session = client.sessions.create(environment={"GIVEN": "1"})
            session.run("kept = 1")
            restart = threads.submit(restart_once, server.address, session.id)
            time.sleep(random.uniform(0, SPAN_SECONDS))
            server.kill()
            restart.result()
            server.start()
            lost = session.run("kept").error is not None
            info = session.refresh()
            assert lost == (info.memory_loss is not None) == (info.kernel_generation == 2)
            session.delete()


def restart_once(address: str, session_id: str) -> None:
    with Client(address, retry_for=0) as client:
        try:
            client.sessions.get(session_id).restart()
        except UnavailableError:
            return  # as it should be, unless it was done before the kill
