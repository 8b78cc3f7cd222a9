"""Brings a database's tables up to date, whole or not at all."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

MIGRATIONS = Path(__file__).parent / "migrations"


class NewerSchemaError(Exception):
    """A later release has written the database: this one does not know what is in it."""


def migrate(connection: Connection) -> None:
    """Bring the tables up to date in one transaction, which the caller commits.

    Raises NewerSchemaError, with nothing changed.
    """
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    scripts = ScriptDirectory.from_config(config)
    newest = scripts.get_current_head()
    found = MigrationContext.configure(connection).get_current_revision()
    if found == newest:
        return
    if found not in (None, *(script.revision for script in scripts.walk_revisions())):
        raise NewerSchemaError(
            f"a newer release has migrated it to schema {found}, and this one knows schemas up to "
            f"{newest}: start that release again, or restore what was there before the upgrade"
        )
    # Python's driver begins a transaction before rows are changed, but not before tables are:
    # a server that was killed half-way would leave what neither release can read.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
