"""Migrations create in PostgreSQL the tables that the code uses, completely or not at all."""

from collections.abc import Awaitable, Callable

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine
from sqlalchemy.exc import DatabaseError

from cellblock_server.store.database import Database
from cellblock_server.store.postgresql import DRIVER
from cellblock_server.store.schema import migrate
from cellblock_server.store.tables import metadata
from tests.support.postgresql import Cluster


async def test_migrations_create_the_tables_that_the_code_uses(
    cluster: Cluster, empty: str, opened: Callable[..., Awaitable[Database]]
) -> None:
    await opened(cluster.url(empty))
    engine = create_engine(cluster.url(empty).set(drivername=DRIVER))
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_a_migration_that_fails_half_way_changes_nothing(cluster: Cluster, empty: str) -> None:
    engine = create_engine(cluster.url(empty).set(drivername=DRIVER))
    with engine.begin() as connection:
        # In the way of one of the last.
        connection.exec_driver_sql("CREATE TABLE tenant_usage (a INTEGER)")
    with pytest.raises(DatabaseError, match="already exists"), engine.begin() as connection:
        migrate(connection)
    with cluster.admin(empty) as admin:
        tables = admin.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        assert tables.fetchall() == [("tenant_usage",)]
    engine.dispose()
