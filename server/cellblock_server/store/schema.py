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
        # Python's driver begins a transaction before rows are changed, but not before tables are:
        # a server that was killed half-way would leave what neither release can read.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def revision(connection: Connection) -> str | None:
    """The schema that a database has; None if it has no tables of ours."""
    return MigrationContext.configure(connection).get_current_revision()


def revisions() -> list[str]:
    """The schemas that this release knows, the newest first."""
    return [script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()]


def is_current(connection: Connection) -> bool:
    """Whether a database has the schema of this release."""
    return revision(connection) == revisions()[0]


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config
