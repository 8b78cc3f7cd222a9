"""Unsuitable databases: the server refuses to start, and its message says what to do."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from cellblock_server.common.errors import UnavailableError
from cellblock_server.store.database import Database
from cellblock_server.store.owner import Owner
from cellblock_server.store.postgresql import DRIVER, check
from cellblock_server.store.schema import NewerSchemaError
from tests.support.postgresql import ADMIN, ROLE, Cluster
from tests.support.refused import refused_start

Opened = Callable[..., Awaitable[Database]]


def start(cluster: Cluster, name: str, folder: Path) -> str:
    """Start a server that must end; return its last line."""
    url = cluster.url(name).render_as_string()
    return refused_start(folder / "state", CELLBLOCK_STORE__URL=url)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("ALTER DATABASE {name} SET default_transaction_read_only = on", "can't be written"),
        ("ALTER DATABASE {name} SET synchronous_commit = off", "`synchronous_commit` is off"),
        ("ALTER DATABASE {name} OWNER TO {admin}", "the role may make no tables"),
    ],
    ids=["read-only", "forgetful", "forbidden"],
)
async def test_a_database_with_other_settings_is_refused(
    cluster: Cluster, empty: str, opened_shortly: Opened, change: str, words: str
) -> None:
    with cluster.admin(empty) as admin:
        admin.execute(change.format(name=empty, admin=ADMIN))
    with pytest.raises(UnavailableError, match=words):
        await opened_shortly(cluster.url(empty))


def test_a_too_old_server_is_refused(cluster: Cluster, empty: str) -> None:
    engine = create_engine(cluster.url(empty).set(drivername=DRIVER))
    with (
        engine.connect() as connection,
        pytest.raises(UnavailableError, match="is too old: 99 is the least"),
    ):
        check(connection, oldest=990_000)
    engine.dispose()


async def test_a_database_with_another_encoding_is_refused(
    cluster: Cluster, other_encoding: str, opened_shortly: Opened
) -> None:
    with pytest.raises(UnavailableError, match="ENCODING 'UTF8' TEMPLATE template0"):
        await opened_shortly(cluster.url(other_encoding))


async def test_a_database_of_a_newer_release_is_refused(
    cluster: Cluster, name: str, opened_shortly: Opened
) -> None:
    with cluster.admin(name) as admin:
        admin.execute("UPDATE alembic_version SET version_num = 'later'")
    with pytest.raises(NewerSchemaError, match="later"):
        await opened_shortly(cluster.url(name))


async def test_a_database_that_was_emptied_is_refused(
    cluster: Cluster, empty: str, opened_shortly: Opened
) -> None:
    with pytest.raises(UnavailableError, match="restore a copy"):
        await opened_shortly(cluster.url(empty), Owner(expects_tables=True))
    with cluster.admin(empty) as admin:
        assert (
            admin.execute(
                "SELECT tablename FROM pg_tables WHERE tableowner = %s", (ROLE,)
            ).fetchall()
            == []
        )


def test_a_missing_database_is_reported_in_one_line(cluster: Cluster, tmp_path: Path) -> None:
    line = start(cluster, "nowhere", tmp_path)
    assert 'database "nowhere" does not exist' in line
    assert line.startswith("store.url: postgresql://")
