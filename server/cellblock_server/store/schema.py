"""Migration of a database's tables to the current schema, in one transaction."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

MIGRATIONS = Path(__file__).parent / "migrations"


class NewerSchemaError(Exception):
    """A later release has written the database, with a schema unknown to this release."""


def migrate(connection: Connection) -> None:
    """Migrate the tables in one transaction, which the caller commits.

    Raises NewerSchemaError, with nothing changed.
    """
    config, known = _config(), revisions()
    found = revision(connection)
    if found == known[0]:
        return
    if found not in (None, *known):
        raise NewerSchemaError(
            f"a newer release has migrated it to schema {found}, and this one knows schemas up to "
            f"{known[0]}: start that release again, or restore what was there before the upgrade"
        )
    if connection.dialect.name == "sqlite":
        # Python's driver begins a transaction before rows are changed, but not before tables are: a
        # server killed during a migration would leave tables that neither release can read.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def revision(connection: Connection) -> str | None:
    """Return the schema revision of a database; None if it has none of our tables."""
    return MigrationContext.configure(connection).get_current_revision()


def revisions() -> list[str]:
    """Return the schema revisions that this release knows, newest first."""
    return [script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()]


def is_current(connection: Connection) -> bool:
    """Whether a database has the schema of this release."""
    return revision(connection) == revisions()[0]


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config
