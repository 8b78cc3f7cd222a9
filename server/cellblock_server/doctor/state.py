"""What the server keeps: its folder, its database, and the keys in it. Nothing is changed."""

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.engine import make_url

from cellblock_server.config import Settings
from cellblock_server.doctor.finding import Findings, ok, problem, warning
from cellblock_server.doctor.host import disk_findings
from cellblock_server.store.records import Role
from cellblock_server.store.schema import MIGRATIONS
from cellblock_server.store.tables import EPOCH

OTHERS = 0o077
SOON = timedelta(days=14)
MAX_SKEW = timedelta(seconds=2)
MAX_NAMED = 5
"""Keys in one line."""
LOCK_SECONDS = 2


def state_findings(settings: Settings) -> Findings:
    """All that is kept."""
    folder = settings.server.state_dir
    yield from _folder(folder)
    there = next((path for path in (folder, *folder.parents) if path.exists()), Path("/"))
    yield from disk_findings("state disk", there, int(settings.files.min_free_bytes))
    database = make_url(settings.database_url).database
    if database is None or not Path(database).exists():
        yield ok("database", f"{database} will be made by the first start")
        return
    try:
        with closing(_opened(database)) as connection:
            yield from _schema(connection, database)
            yield from _clock(connection)
            yield from _keys(connection, required=settings.auth.required)
    except sqlite3.Error as error:
        yield problem(
            "database", f"{database}: {error}", "keep a copy, and restore the last good one"
        )


def _folder(folder: Path) -> Findings:
    if not folder.exists():
        yield ok("state folder", f"{folder} will be made by the first start")
        return
    found = folder.stat()
    if found.st_uid != os.geteuid():
        yield problem(
            "state folder",
            f"{folder} belongs to user {found.st_uid}, and this is user {os.geteuid()}",
            "run this as the server's user, or chown the folder",
        )
    elif found.st_mode & OTHERS:
        yield problem(
            "state folder",
            f"{folder} can be read by others (mode {found.st_mode & 0o777:04o})",
            f"chmod 700 {folder}: it holds all tenants' files, and the keys' secret",
        )
    elif not os.access(folder, os.W_OK | os.X_OK):
        yield problem("state folder", f"{folder} can't be written", "mount it for writing")
    else:
        yield ok("state folder", f"{folder} is this user's alone")


def _opened(database: str) -> sqlite3.Connection:
    uri = f"{Path(database).absolute().as_uri()}?mode=ro"
    return sqlite3.connect(uri, uri=True, timeout=LOCK_SECONDS)


def _schema(connection: sqlite3.Connection, database: str) -> Findings:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    scripts = ScriptDirectory.from_config(config)
    known = [script.revision for script in scripts.walk_revisions()]
    (found,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
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


def _clock(connection: sqlite3.Connection) -> Findings:
    (latest,) = connection.execute("SELECT MAX(create_time) FROM sessions").fetchone()
    ahead = _time(latest or 0) - datetime.now(UTC)
    if ahead > MAX_SKEW:
        yield warning(
            "clock",
            f"the database knows a session that begins {ahead.total_seconds():.0f} s from now",
            "this machine's clock was set back: check it (NTP)",
        )
    else:
        yield ok("clock", "nothing in the database is from the future")


def _keys(connection: sqlite3.Connection, *, required: bool) -> Findings:
    rows = connection.execute(
        "SELECT id, role, expire_time FROM api_keys WHERE revoke_time IS NULL"
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
        yield ok("keys", f"{len(counting)} count")


def _time(microseconds: int) -> datetime:
    return EPOCH + timedelta(microseconds=microseconds)
