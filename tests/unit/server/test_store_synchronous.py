"""The `store.synchronous` setting reaches SQLite on every connection."""

from pathlib import Path

import pytest
from sqlalchemy import Connection

from cellblock_server.config.settings import Settings
from cellblock_server.store.opening import open_database
from cellblock_server.store.state_folder import state_folder


@pytest.mark.parametrize(("asked", "expected"), [("", 1), ("normal", 1), ("full", 2)])
async def test_all_connections_have_the_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: str, expected: int
) -> None:
    monkeypatch.setenv("CELLBLOCK_SERVER__STATE_DIR", str(tmp_path))
    if asked:
        monkeypatch.setenv("CELLBLOCK_STORE__SYNCHRONOUS", asked)
    with state_folder(tmp_path) as state:
        database = await open_database(Settings(), state)
        try:
            assert await database.read(synchronous) == expected
            assert await database.write(synchronous) == expected
        finally:
            await database.close()


def synchronous(connection: Connection) -> object:
    return connection.exec_driver_sql("PRAGMA synchronous").scalar()
