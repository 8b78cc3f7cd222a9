"""`cellblock doctor` also checks a PostgreSQL database, and changes nothing in it."""

from collections.abc import Awaitable, Callable

from cellblock_server.config import Settings
from cellblock_server.config.server import Store
from cellblock_server.ops.doctor.database import database_findings
from cellblock_server.ops.doctor.finding import Finding, Level
from cellblock_server.store.database import Database
from tests.support.postgresql import PASSWORD, Cluster

Opened = Callable[..., Awaitable[Database]]


def found(cluster: Cluster, name: str, password: str = PASSWORD) -> list[Finding]:
    url = cluster.tcp_url(name, password=password).render_as_string(hide_password=False)
    return list(database_findings(Settings(store=Store(url=url))))


async def test_a_database_in_use_has_no_problems(
    cluster: Cluster, name: str, opened: Opened
) -> None:
    await opened(cluster.url(name))
    findings = found(cluster, name)
    assert {one.check for one in findings} >= {"database", "clock"}
    assert {one.level for one in findings if one.check != "keys"} == {Level.OK}


def test_a_new_database_has_no_problems(cluster: Cluster, empty: str) -> None:
    (one,) = found(cluster, empty)
    assert (one.level, "is empty" in one.message) == (Level.OK, True)


def test_a_database_that_refuses_the_role_is_a_problem(cluster: Cluster, name: str) -> None:
    (one,) = found(cluster, name, "wrong-sesame")
    assert one.level is Level.PROBLEM
    assert "password authentication failed" in one.message
    assert "wrong-sesame" not in one.message


def test_an_unusable_database_is_a_problem(cluster: Cluster, empty: str) -> None:
    with cluster.admin() as admin:
        admin.execute(f"ALTER DATABASE {empty} SET synchronous_commit = off")
    (one,) = found(cluster, empty)
    assert (one.level, "synchronous_commit" in one.message) == (Level.PROBLEM, True)
