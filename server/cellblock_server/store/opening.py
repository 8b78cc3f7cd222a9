"""Opening of the configured database, with one-line errors that say what is wrong with it."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from alembic.util import CommandError
from sqlalchemy import URL
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from cellblock_server.common.errors import CellblockError, UnavailableError
from cellblock_server.config import Settings
from cellblock_server.store.database import Database
from cellblock_server.store.file_check import check_file, mark_made
from cellblock_server.store.owner import NOBODY, Owner
from cellblock_server.store.schema import NewerSchemaError
from cellblock_server.store.state_folder import StateFolder
from cellblock_server.store.timings import StoreTimings
from cellblock_server.telemetry.metrics import Metrics

SECRETS = ("password", "sslpassword", "oauth_client_secret")
"""Parameters of libpq that are hidden, like the password before the host."""


async def open_database(
    settings: Settings,
    state: StateFolder,
    metrics: Metrics | None = None,
    *,
    is_alone: bool = True,
    give_up: Callable[[str], None] = NOBODY.give_up,
    timings: StoreTimings | None = None,
) -> Database:
    """Return the database, open and up to date.

    `is_alone` and `give_up`: see `Owner`. Raises UnavailableError, or WrongStateError if a driver
    is missing; neither error contains a password.
    """
    url = database_url(settings)
    if url.get_backend_name() == "sqlite":
        await asyncio.to_thread(check_file, Path(url.database or ""), state.database_mark)
    owner = Owner(state.instance, is_alone, state.database_mark.exists(), give_up)
    database = Database(url, metrics, owner, settings.store.synchronous, timings)
    try:
        await database.start()
    except (DBAPIError, CommandError, NewerSchemaError, CellblockError) as error:
        await database.close()
        raise _named(url, error) from error
    mark_made(state.database_mark)
    return database


def database_url(settings: Settings) -> URL:
    """Return the database's URL, with its password. Raises UnavailableError."""
    url = make_url(settings.database_url)
    file = settings.store.password_file
    if not file:
        return url
    try:
        lines = Path(file).read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        words = error.strerror if isinstance(error, OSError) else "is not UTF-8"
        raise UnavailableError("STORE_FAILED", f"store.password_file: {file}: {words}") from error
    if not lines or not lines[0]:
        raise UnavailableError("STORE_FAILED", f"store.password_file: {file}: is empty")
    return url.set(password=lines[0])


def shown(url: URL) -> str:
    """Return a URL for people, without its secrets."""
    return url.difference_update_query(SECRETS).render_as_string(hide_password=True)


def _named(url: URL, error: Exception) -> UnavailableError:
    cause = error.orig if isinstance(error, DBAPIError) else error
    reason = error.reason if isinstance(error, UnavailableError) else "STORE_FAILED"
    return UnavailableError(reason, f"store.url: {shown(url)}: {' '.join(str(cause).split())}")
