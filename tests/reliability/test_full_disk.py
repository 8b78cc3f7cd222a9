"""A full disk: nothing is half written, and service recovers when there is space.

What code shows meanwhile, and files, are in `integration/docker/test_disk.py`.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from cellblock_client import Client
from cellblock_server.backends.shared_folder.folder import SandboxFolder
from cellblock_server.common.errors import UnavailableError
from cellblock_server.store.database import Database
from cellblock_server.store.schema import MIGRATIONS
from tests.support.disk import filled, small_disk
from tests.support.once import refused_create
from tests.support.server import ServerProcess

pytestmark = pytest.mark.only_store("sqlite", "SQLite's file is on that disk")

MIB = 2**20
OLDEST = "0001"
ROWS = 2000
MANY = (
    "INSERT INTO sessions (id, tenant, state, thread_id, labels, limits, idle_timeout, lifetime, "
    "create_time, last_use_time, last_alive_time, image, runtime, backend, environment_names, "
    "sandbox_id, agent_token, request_hash, end_reason, end_message, kernel_generation, "
    "execution_count, acknowledged_sequence) "
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :rows) "
    "SELECT 'sess_' || i, 't', 7, '', '{}', '{}', 1, 1, 0, 0, 0, '', '', 'docker', '[]', "
    "'sbx_' || i, '', hex(randomblob(500)), 0, '', 1, 0, 0 FROM n"
)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", 24 * MIB) as disk:
        yield disk


def test_a_session_is_refused_until_there_is_space(disk: Path, tmp_path: Path) -> None:
    server = ServerProcess(disk, {"CELLBLOCK_SANDBOX__BACKEND": "local"})
    server.log = tmp_path / "log"
    server.start()
    try:
        with Client(server.address) as client:
            with filled(disk):
                error = refused_create(server.address, 10)
                assert error.reason in ("STORE_FULL", "AUDIT_FAILED")
                assert error.retry_after is not None
            assert list((server.state / "run").glob("*")) == []
            with client.sessions.create(timeout=20) as session:
                assert session.run("1 + 1").text == "2"
            assert "Traceback" not in server.log.read_text()
    finally:
        server.end()


def test_a_sandboxs_folder_is_whole_or_not_there(disk: Path) -> None:
    SandboxFolder.create(disk / "run", "sbx_1", "token")
    with filled(disk):
        with pytest.raises(UnavailableError) as caught:
            SandboxFolder.create(disk / "run", "sbx_2", "token")
        assert caught.value.reason == "STORE_FULL"
        assert [path.name for path in (disk / "run").iterdir()] == ["sbx_1"]


async def test_a_migration_is_whole_or_not_done(disk: Path) -> None:
    """The disk has room for the migration's first step only."""
    file = disk / "store.db"
    engine = create_engine(f"sqlite:///{file}")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, OLDEST)
        connection.execute(text(MANY), {"rows": ROWS})
    engine.dispose()
    before = schema(file)
    database = Database(f"sqlite:///{file}")
    with filled(disk, but=MIB):
        with pytest.raises(OperationalError, match="full"):
            await database.start()
        await database.close()
        assert schema(file) == before
    database = Database(f"sqlite:///{file}")
    await database.start()
    try:
        (row,) = await database.rows(text("SELECT count(*) FROM sessions"))  # type: ignore[arg-type]
        assert row[0] == ROWS
    finally:
        await database.close()


def schema(file: Path) -> list[object]:
    """Return the tables, and the migration that they belong to."""
    engine = create_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        tables = connection.execute(text("SELECT sql FROM sqlite_master ORDER BY name")).all()
        version = connection.execute(text("SELECT version_num FROM alembic_version")).all()
    engine.dispose()
    return [*tables, *version]
