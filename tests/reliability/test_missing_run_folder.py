"""The folder of sandboxes' sockets is removed under a server: running sandboxes continue."""

import shutil
from pathlib import Path

import pytest

from cellblock_client import Client, SessionState
from tests.support.engine import containers
from tests.support.server import ServerProcess

pytestmark = pytest.mark.engine


def test_sessions_go_on_and_end_with_their_reason_after_a_restart(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path)
    server.start()
    try:
        with Client(server.address) as client:
            session = client.sessions.create()
            session.run("x = 5")
            shutil.rmtree(server.state / "run")
            assert session.run("x").text == "5"
            session.files.write("data", b"content")
            with client.sessions.create() as other:
                assert other.run("1 + 1").text == "2"
        server.kill()
        with Client(server.start()) as client:
            info = client.sessions.get(session.id).info
            assert (info.state, info.end_reason) == (SessionState.FAILED, "SANDBOX_LOST")
            assert "agent socket" in info.end_message
        assert containers((server.state / "instance").read_text()) == []
    finally:
        server.end()
