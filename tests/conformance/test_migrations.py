from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, create_engine

from cellblock_server.store.database import Database
from cellblock_server.store.executions import ExecutionStore
from cellblock_server.store.schema import MIGRATIONS
from cellblock_server.store.sessions import SessionStore
from cellblock_server.store.tables import EPOCH, metadata
from tests.support.records import execution_record, session_record


async def test_migrations_create_the_tables_that_the_code_uses(tmp_path: Path) -> None:
    file = tmp_path / "cellblock.db"
    database = Database(f"sqlite:///{file}")
    await database.start()
    await database.close()
    engine = create_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


async def test_migrating_again_changes_nothing(tmp_path: Path) -> None:
    for _ in range(2):
        database = Database(f"sqlite:///{tmp_path / 'cellblock.db'}")
        await database.start()
        await database.close()


async def test_migrations_keep_records_of_the_first_release(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'cellblock.db'}")
    engine = create_engine(f"sqlite:///{tmp_path / 'cellblock.db'}")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    earlier = MetaData()
    earlier.reflect(engine)
    with engine.begin() as connection:
        for name, values in (
            ("sessions", asdict(session_record())),
            ("executions", asdict(execution_record("call_1", 1)) | NO_FAILURE),
            ("events", {"execution_id": "call_1", "sequence": 1, "payload": b"event"}),
        ):
            table = earlier.tables[name]
            row = {column.name: stored_value(values[column.name]) for column in table.columns}
            connection.execute(table.insert().values(row))
    engine.dispose()
    await database.start()
    try:
        executions = ExecutionStore(database)
        found = await executions.find_execution("t", "call_1")
        assert found is not None
        assert (found.code, found.environment, found.environment_hash) == ("1", {}, "")
        assert await executions.events(found, 1, 10, 2**20) == [(1, b"event")]
        session = await SessionStore(database).find_session("t", "sess_1")
        assert session is not None
        assert (session.memory_loss_time, session.background_output) == (None, "")
    finally:
        await database.close()


NO_FAILURE = {"failure_cause": None, "failure_message": None, "memory_lost": None}


def stored_value(value: object) -> object:
    """Return a value in the format in which the first release stored it."""
    match value:
        case datetime():
            return (value - EPOCH) // timedelta(microseconds=1)
        case timedelta():
            return value.total_seconds()
    return value
