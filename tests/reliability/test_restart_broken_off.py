"""A server that is killed while it restarts a kernel: the next one knows how the session is."""

from collections.abc import Callable

from sqlalchemy import text

from cellblock_client import Client, SessionState
from cellblock_server.store import records
from tests.support.databases import database_of
from tests.support.server import ServerProcess


def test_a_session_is_not_left_restarting(lasting_server: Callable[..., ServerProcess]) -> None:
    server = lasting_server()
    with Client(server.address) as client:
        session = client.sessions.create()
        server.kill()
        with database_of(server.state) as database:
            state = int(records.SessionState.RESTARTING)
            database.execute(text("UPDATE sessions SET state = :state"), {"state": state})
        server.start()
        assert session.refresh().state is SessionState.READY
        assert session.restart().kernel_generation == 2
