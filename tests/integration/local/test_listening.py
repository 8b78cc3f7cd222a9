"""The server on a Unix socket: its permissions, and recovery after a kill."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cellblock_client import Client
from tests.support.server import ServerProcess

pytestmark = pytest.mark.slow


@pytest.fixture
def folder() -> Iterator[Path]:
    # Unix sockets' paths have at most 107 bytes, which pytest's folders may exceed.
    path = Path(tempfile.mkdtemp(prefix="cellblock-"))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def server(folder: Path) -> Iterator[ServerProcess]:
    server = ServerProcess(folder, {"CELLBLOCK_SANDBOX__BACKEND": "local"})
    server.listen = f"unix:{folder / 'socket'}"
    mask = os.umask(0)
    server.start()
    os.umask(mask)
    yield server
    server.end()


def test_only_the_servers_user_may_call(server: ServerProcess, folder: Path) -> None:
    assert server.address == f"unix:{folder / 'socket'}"
    assert (folder / "socket").stat().st_mode & 0o777 == 0o600
    with Client(server.address) as client:
        assert list(client.sessions.list()) == []


def test_the_socket_of_a_killed_server_is_replaced(server: ServerProcess, folder: Path) -> None:
    server.kill()
    assert (folder / "socket").is_socket()
    server.start()
    with Client(server.address) as client:
        assert list(client.sessions.list()) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_server_removes_its_socket(
    server: ServerProcess, folder: Path, number: signal.Signals
) -> None:
    server.signal(number)
    assert server.wait() == 0
    assert not (folder / "socket").exists()
