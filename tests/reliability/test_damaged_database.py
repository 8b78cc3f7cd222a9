"""A damaged database is reported with its fix, never written to, and served again once fixed."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from cellblock_client import Client
from cellblock_client.errors import UnavailableError
from cellblock_server.common import errors
from cellblock_server.store.database import Database
from tests.support.buckets import blob_environment
from tests.support.refused import refused_start
from tests.support.server import ServerProcess
from tests.support.waiting import until

pytestmark = pytest.mark.only_store("sqlite", "damages SQLite's file")

LOCAL = {"CELLBLOCK_SANDBOX__BACKEND": "local"}
PAGE = 4096
WHAT_TO_DO = "restore a copy"


def overwrite(file: Path, offset: int, size: int) -> None:
    """Overwrite part of a file with noise, as a failing disk does."""
    with file.open("r+b") as damaged:
        damaged.seek(offset)
        damaged.write(os.urandom(size))


def header(file: Path) -> None:
    overwrite(file, 0, 100)


def middle(file: Path) -> None:
    overwrite(file, PAGE, file.stat().st_size - PAGE)


def end(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


DAMAGE = (header, middle, end)


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """State folder of a stopped server, with a stored file."""
    server = ServerProcess(tmp_path_factory.mktemp("damaged"), LOCAL)
    server.start()
    with Client(server.address) as client:
        client.files.upload(b"content", "kept")
    server.stop()
    return server.state


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda damage: damage.__name__)
def test_a_server_does_not_start_on_a_damaged_database_or_change_it(
    state: Path, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    shutil.copytree(state, tmp_path / "state")
    database = tmp_path / "state" / "cellblock.db"
    damage(database)
    before = contents(tmp_path / "state")
    line = refused_start(tmp_path / "state")
    assert f"{database} is damaged (" in line
    assert WHAT_TO_DO in line
    assert contents(tmp_path / "state") == before


def test_a_server_starts_with_a_restored_copy(state: Path, tmp_path: Path) -> None:
    shutil.copytree(state, tmp_path / "server" / "state")
    database = tmp_path / "server" / "state" / "cellblock.db"
    middle(database)
    refused_start(tmp_path / "server" / "state")
    shutil.copy(state / "cellblock.db", database)
    # In a bucket the bytes are where they were.
    server = ServerProcess(tmp_path / "server", LOCAL | blob_environment(state))
    server.start()
    with Client(server.address) as client:
        (file,) = client.files.list()
        assert client.files.read(file.id) == b"content"
    server.end()


async def test_damage_found_while_running_stops_writing(tmp_path: Path) -> None:
    file = tmp_path / "store.db"
    database = Database(f"sqlite:///{file}")
    await database.start()
    await database.execute(text("CREATE TABLE t (a INTEGER, b TEXT)"))
    rows = text(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) "
        "INSERT INTO t SELECT i, hex(randomblob(500)) FROM n"
    )
    await database.execute(rows)
    await database.close()
    whole = file.read_bytes()
    database = Database(f"sqlite:///{file}")
    await database.start()
    try:
        overwrite(file, len(whole) // 2, len(whole) // 4)
        damaged = file.read_bytes()
        with pytest.raises(errors.UnavailableError, match="malformed") as caught:
            await database.execute(text("UPDATE t SET b = 'new'"))
        assert caught.value.reason == "STORE_DAMAGED"
        assert WHAT_TO_DO in str(caught.value)
        # Undamaged parts are not written either: other damage is unknown.
        with pytest.raises(errors.UnavailableError, match="malformed"):
            await database.execute(text("CREATE TABLE other (a)"))
        assert file.read_bytes() == damaged
    finally:
        await database.close()


def test_a_server_that_finds_damage_keeps_its_sessions(state: Path, tmp_path: Path) -> None:
    shutil.copytree(state, tmp_path / "server" / "state")
    server = ServerProcess(tmp_path / "server", LOCAL)
    server.start()
    try:
        with Client(server.address) as client:
            session = client.sessions.create()
            execution = session.execute("import time; time.sleep(1); print('shown')")
            next(iter(execution))
            whole = (server.state / "cellblock.db").read_bytes()
            middle(server.state / "cellblock.db")
            middle(server.state / "cellblock.db-wal")
            until(lambda: "unavailable_trying_again" in server.log.read_text())
            with pytest.raises(UnavailableError, match="malformed"):
                client.files.upload(b"more", "more", timeout=5)
            log = server.log.read_text()
            assert "session_ended" not in log
            assert "Traceback" not in log
    finally:
        server.kill()
        (server.state / "cellblock.db").write_bytes(whole)
        (server.state / "cellblock.db-wal").unlink()
        (server.state / "cellblock.db-shm").unlink()
        server.end()


def contents(state: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in state.rglob("*") if path.is_file()}
