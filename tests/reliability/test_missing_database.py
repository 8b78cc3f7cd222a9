"""A missing database, or part of it, is noticed immediately and never silently recreated."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from cellblock_client import Client
from cellblock_client.errors import UnavailableError
from tests.support.engine import containers
from tests.support.refused import refused_start
from tests.support.server import ServerProcess

pytestmark = pytest.mark.only_store("sqlite", "moves SQLite's files")

LOCAL = {"CELLBLOCK_SANDBOX__BACKEND": "local"}
FILES = ("cellblock.db", "cellblock.db-wal", "cellblock.db-shm")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    server = ServerProcess(tmp_path, LOCAL)
    server.start()
    yield server
    server.end()


@pytest.mark.engine
def test_a_start_without_it_recreates_nothing_and_leaves_sandboxes_alone(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path)
    server.start()
    try:
        with Client(server.address) as client:
            session = client.sessions.create()
            session.run("x = 5")
            file = client.files.upload(b"content", "kept")
        server.kill()
        for name in FILES:
            (server.state / name).rename(tmp_path / name)
        line = refused_start(server.state)
        assert f"{server.state / 'cellblock.db'} is gone: restore a copy" in line
        assert f"remove {server.state / 'database-made'} to start with an empty database" in line
        assert len(containers((server.state / "instance").read_text())) == 1
        for name in FILES:
            assert not (server.state / name).exists()
            (tmp_path / name).rename(server.state / name)
        server.start()
        with Client(server.address) as client:
            assert client.sessions.get(session.id).run("x").text == "5"
            assert client.files.read(file.id) == b"content"
    finally:
        server.end()


def test_an_empty_database_is_treated_as_missing(server: ServerProcess) -> None:
    server.kill()
    for name in FILES[1:]:
        (server.state / name).unlink()
    os.truncate(server.state / "cellblock.db", 0)
    assert "cellblock.db is gone: restore a copy" in refused_start(server.state)
    assert (server.state / "cellblock.db").stat().st_size == 0
    (server.state / "database-made").unlink()


def test_a_database_without_its_log_is_not_used(server: ServerProcess, tmp_path: Path) -> None:
    with Client(server.address) as client:
        file = client.files.upload(b"content", "kept")
    server.kill()
    log = server.state / "cellblock.db-wal"
    log.rename(tmp_path / "log")
    assert "cellblock.db-wal is missing, and what was stored last is in it" in refused_start(
        server.state
    )
    (tmp_path / "log").rename(log)
    server.start()
    with Client(server.address) as client:
        assert client.files.read(file.id) == b"content"


@pytest.mark.parametrize("name", FILES)
def test_a_moved_file_is_noticed_immediately(
    server: ServerProcess, tmp_path: Path, name: str
) -> None:
    """Data written to a file without a name would be lost with the process."""
    with Client(server.address) as client:
        (server.state / name).rename(tmp_path / name)
        with pytest.raises(UnavailableError) as caught:
            client.files.upload(b"more", "more", timeout=1)
        assert caught.value.reason in ("STORE_REPLACED", "AUDIT_FAILED")
        assert f"{server.state / name} was removed or replaced" in caught.value.message
        assert not (server.state / name).exists()
        (tmp_path / name).rename(server.state / name)
        file = client.files.upload(b"content", "kept", timeout=20)
    server.kill()
    server.start()
    with Client(server.address) as client:
        assert client.files.read(file.id) == b"content"
