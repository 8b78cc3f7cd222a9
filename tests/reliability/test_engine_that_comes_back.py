"""Docker Engine goes away with its socket and comes back: the server needs no restart."""

import tempfile
from pathlib import Path

import pytest

from cellblock_client import Client, SessionState
from cellblock_client.errors import UnavailableError
from tests.support.engine import containers
from tests.support.faulty_engine import faulty_engine
from tests.support.hasty_server import hasty_server
from tests.support.waiting import until

pytestmark = pytest.mark.engine


def test_calls_that_need_the_engine_are_refused_and_deletions_done_later(tmp_path: Path) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="cb-") as short,
        faulty_engine(Path(short) / "engine") as engine,
    ):
        server = hasty_server(tmp_path, DOCKER_HOST=engine.host)
        server.start()
        instance = (server.state / "instance").read_text()
        try:
            with Client(server.address) as client, client.sessions.create() as session:
                other = client.sessions.create()
                engine.go_away()
                with pytest.raises(UnavailableError) as caught:
                    client.sessions.create(timeout=1)
                assert caught.value.reason == "ENGINE_UNREACHABLE"
                assert caught.value.retry_after is not None
                assert session.run("1 + 1").text == "2"
                assert other.delete().state is SessionState.DELETED
                assert len(containers(instance)) == 2
                engine.come_back()
                until(lambda: len(containers(instance)) == 1)
                client.sessions.create().delete()
                assert session.run("1 + 1").text == "2"
        finally:
            server.end()
