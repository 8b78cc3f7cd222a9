"""One of several servers with the same database owns it; the others change nothing in it."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from cellblock_server.common.errors import UnavailableError
from cellblock_server.store.database import Database
from cellblock_server.store.owner import Owner
from cellblock_server.store.postgresql_writer import LOCK
from cellblock_server.store.tables import marks
from tests.support.hasty_server import SHORT, hasty_server
from tests.support.once import refused_create
from tests.support.postgresql import ADMIN, Cluster
from tests.support.refused import refused_start
from tests.support.timed_server import COMMAND, timed_environment

Opened = Callable[..., Awaitable[Database]]
DISCONNECT = (
    "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
    f"WHERE datname = current_database() AND usename <> '{ADMIN}'"
)


def disconnect(cluster: Cluster, name: str) -> None:
    """End all connections of a database, as a network that fails does."""
    with cluster.admin(name) as admin:
        admin.execute(DISCONNECT)


async def test_a_second_server_is_refused(
    cluster: Cluster, name: str, opened_shortly: Opened
) -> None:
    await opened_shortly(cluster.url(name))
    with pytest.raises(UnavailableError, match="another server uses the database from a local"):
        await opened_shortly(cluster.url(name))


async def test_a_server_can_own_the_database_when_the_first_has_ended(
    cluster: Cluster, name: str, opened: Opened
) -> None:
    first = await opened(cluster.url(name))
    await first.close()
    await opened(cluster.url(name))


async def test_a_command_may_write_beside_a_server(
    cluster: Cluster, name: str, opened: Opened
) -> None:
    server = await opened(cluster.url(name))
    command = await opened(cluster.url(name), Owner(is_alone=False))
    await command.check()
    await server.check()


async def test_a_command_of_another_release_does_not_migrate_under_a_server(
    cluster: Cluster, name: str, opened: Opened
) -> None:
    await opened(cluster.url(name))
    with cluster.admin(name) as admin:
        admin.execute("UPDATE alembic_version SET version_num = '0007'")
    with pytest.raises(UnavailableError, match="a server of another release"):
        await opened(cluster.url(name), Owner(is_alone=False))


async def test_a_database_of_another_state_folder_is_refused(
    cluster: Cluster, name: str, opened: Opened
) -> None:
    first = await opened(cluster.url(name), Owner("one"))
    await first.close()
    with pytest.raises(UnavailableError, match="'one', and this one's is 'two'"):
        await opened(cluster.url(name), Owner("two"))


@pytest.mark.parametrize("is_there", [True, False], ids=["still there", "gone again"])
async def test_a_server_ends_if_another_one_has_owned_its_database(
    cluster: Cluster, name: str, opened: Opened, *, is_there: bool
) -> None:
    said: list[str] = []
    first = await opened(cluster.url(name), Owner("one", give_up=said.append))
    disconnect(cluster, name)
    second = await opened(cluster.url(name), Owner("one"))
    if not is_there:
        await second.close()
    for _ in range(2):
        with pytest.raises(UnavailableError, match="another server has used the database"):
            await first.check()
    assert len(said) == 1
    assert await first.rows(select(marks)) == []


async def test_a_server_waits_for_the_release_of_its_own_old_lock(
    cluster: Cluster, name: str, opened_shortly: Opened
) -> None:
    said: list[str] = []
    database = await opened_shortly(cluster.url(name), Owner(give_up=said.append))
    disconnect(cluster, name)
    with cluster.admin(name) as admin:
        admin.execute("SELECT pg_advisory_lock(%s, %s)", LOCK)
        with pytest.raises(UnavailableError, match="another server uses the database") as caught:
            await database.check()
        admin.execute("SELECT pg_advisory_unlock(%s, %s)", LOCK)
    await database.check()
    assert (caught.value.reason, said) == ("STORE_TAKEN", [])


async def test_a_server_that_was_disconnected_gets_its_lock_again(
    cluster: Cluster, name: str, opened: Opened
) -> None:
    database = await opened(cluster.url(name))
    for _ in range(3):
        disconnect(cluster, name)
        await database.check()
        assert len(await database.rows(select(marks))) == 1


def test_a_server_logs_why_it_ends_if_another_one_owned_its_database(
    cluster: Cluster, name: str, tmp_path: Path
) -> None:
    environment = {
        "CELLBLOCK_STORE__URL": cluster.url(name).render_as_string(),
        "CELLBLOCK_SANDBOX__BACKEND": "local",
        **timed_environment(SHORT),
    }
    server = hasty_server(tmp_path, **environment)
    server.start()
    line = refused_start(tmp_path / "other", command=COMMAND, **environment)
    assert "another server uses the database" in line
    with cluster.admin(name) as admin:
        # Acts like another server that owns the database for a while.
        admin.execute("UPDATE owner SET token = 'another'")
    # Each call leaves an entry.
    refused_create(server.address, 20)
    assert server.wait() == 1
    assert "another server has used the database meanwhile" in server.log.read_text()
    with cluster.admin(name) as admin:
        assert admin.execute("SELECT token FROM owner").fetchone() == ("another",)
