from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from cellblock_server.store.database import Database
from cellblock_server.store.tables import metadata


async def test_migrations_make_the_tables_that_the_code_uses(tmp_path: Path) -> None:
    file = tmp_path / "cellblock.db"
    database = Database(f"sqlite+aiosqlite:///{file}")
    await database.start()
    await database.close()
    engine = create_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


async def test_migrating_again_changes_nothing(tmp_path: Path) -> None:
    for _ in range(2):
        database = Database(f"sqlite+aiosqlite:///{tmp_path / 'cellblock.db'}")
        await database.start()
        await database.close()
