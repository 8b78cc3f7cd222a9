"""Checks of the database. Nothing is changed."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from cellblock_server.common.errors import CellblockError
from cellblock_server.config import Settings
from cellblock_server.ops.doctor.finding import Finding, Findings, ok, problem, warning
from cellblock_server.store.opening import database_url, shown
from cellblock_server.store.records import Role
from cellblock_server.store.schema import revision, revisions
from cellblock_server.store.tables import EPOCH
from cellblock_server.store.timings import StoreTimings

SOON = timedelta(days=14)
MAX_SKEW = timedelta(seconds=2)
MAX_NAMED = 5
"""Maximum number of keys listed in one line."""
LOCK_SECONDS = 2


def database_findings(settings: Settings) -> Findings:
    """Check everything that can be checked without writing."""
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        yield ok("database", f"{url.database} will be made by the first start")
        return
    try:
        with _opened(settings, url) as connection:
            yield from _looked_at(connection, settings)
    except CellblockError as error:
        yield problem("database", str(error), "fix it: docs/operate/storage.md")
    except DBAPIError as error:
        words = " ".join(str(error.orig).split())
        yield _failed(url, words)


def _looked_at(connection: Connection, settings: Settings) -> Findings:
    name = _name(make_url(settings.database_url))
    yield from _schema(connection, name)
    if revision(connection) in revisions():
        yield from _clock(connection)
        yield from _keys(connection, required=settings.auth.required)


def _failed(url: URL, words: str) -> Finding:
    if url.get_backend_name() == "sqlite":
        advice = "keep a copy, and restore the last good one"
    else:
        advice = "start it, or fix store.url: docs/operate/storage.md"
    return problem("database", f"{_name(url)}: {words}", advice)


def _name(url: URL) -> str:
    return str(url.database) if url.get_backend_name() == "sqlite" else shown(url)


@contextmanager
def _opened(settings: Settings, url: URL) -> Iterator[Connection]:
    """Open the database. Raises CellblockError for a PostgreSQL database that can't be used."""
    engine = _read_only(url) if url.get_backend_name() == "sqlite" else _postgresql(settings)
    try:
        with engine.connect() as connection:
            if url.get_backend_name() != "sqlite":
                from cellblock_server.store.postgresql import check

                check(connection)
            yield connection
    finally:
        engine.dispose()


def _read_only(url: URL) -> Engine:
    uri = f"{Path(url.database or '').absolute().as_uri()}?mode=ro"
    return create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(uri, uri=True, timeout=LOCK_SECONDS),
        poolclass=NullPool,
    )


def _postgresql(settings: Settings) -> Engine:
    # The driver comes with an extra.
    from cellblock_server.store.postgresql import with_parameters

    url = with_parameters(database_url(settings), StoreTimings().connect)
    return create_engine(url, poolclass=NullPool)


def _schema(connection: Connection, database: str) -> Findings:
    known, found = revisions(), revision(connection)
    if found is None:
        yield ok("database", f"{database} is empty: the first start makes its tables")
        return
    if found not in known:
        yield problem(
            "database",
            f"{database} is of a newer release (schema {found})",
            "run the release that wrote it, or restore the copy from before the update",
        )
    elif found != known[0]:
        yield warning(
            "database",
            f"{database} has schema {found}; the next start brings it to {known[0]}",
            "keep a copy of the state folder for the way back",
        )
    else:
        yield ok("database", f"{database} has schema {found}, as this release needs")


def _clock(connection: Connection) -> Findings:
    latest = connection.execute(text("SELECT MAX(create_time) FROM sessions")).scalar_one()
    ahead = _time(latest or 0) - datetime.now(UTC)
    if ahead > MAX_SKEW:
        yield warning(
            "clock",
            f"the database knows a session that begins {ahead.total_seconds():.0f} s from now",
            "this machine's clock was set back: check it (NTP)",
        )
    else:
        yield ok("clock", "nothing in the database is from the future")


def _keys(connection: Connection, *, required: bool) -> Findings:
    rows = connection.execute(
        text("SELECT id, role, expire_time FROM api_keys WHERE revoke_time IS NULL")
    )
    now = datetime.now(UTC)
    counting = [
        (name, role, None if expires is None else _time(expires))
        for name, role, expires in rows
        if expires is None or _time(expires) > now
    ]
    soon = sorted(name for name, _role, end in counting if end is not None and end < now + SOON)
    if required and not any(role == Role.ADMIN for _name, role, _end in counting):
        yield warning(
            "keys", "keys are needed, and no admin has one", "cellblock serve create-admin-key"
        )
    if soon:
        named = ", ".join(soon[:MAX_NAMED])
        yield warning(
            "keys",
            f"{len(soon)} expire within {SOON.days} days: {named}",
            "make new ones: cellblock admin keys create",
        )
    elif counting:
        yield ok("keys", f"{len(counting)} valid API keys")


def _time(microseconds: int) -> datetime:
    return EPOCH + timedelta(microseconds=microseconds)
