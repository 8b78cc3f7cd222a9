"""Backup and restore of the state of a server: made while it runs, checked, restored.

<folder>/cellblock.db the database, in one file

<folder>/blobs/ab/cdef… the bytes of the files that it names

<folder>/… other files of a state folder that can't be recreated (`KEPT`)

At any moment the folder has a database and all files that it names: their bytes are copied before
it, and those that it no longer names are removed after it. So an interrupted backup leaves the
previous one.
"""

import asyncio
import os
import shutil
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import Timeout
from pydantic import ByteSize
from sqlalchemy.engine import make_url

from cellblock_server.assembly import parts
from cellblock_server.blobs.object_store import ObjectStore
from cellblock_server.blobs.room import DiskSpace
from cellblock_server.common.disk import sync_folder
from cellblock_server.common.errors import CellblockError
from cellblock_server.common.folder_lock import folder_lock
from cellblock_server.config import Settings
from cellblock_server.ops.backup.blob_copies import (
    Copied,
    Damage,
    copy_blobs,
    fetch_blobs,
    remove_others,
    send_blobs,
)
from cellblock_server.ops.backup.snapshot import copy_database, database_damage
from cellblock_server.store.state_folder import StateFolder, StateFolderError, state_folder

DATABASE = "cellblock.db"
BLOBS = "blobs"
KEPT = ("instance", "secret", "clock", "database-made")
"""Identity of the server, secret of key hashes, clock, and the mark that there was a database."""
ROUNDS = 3
"""Number of passes over the database, to find files deleted or added during the copy.

Each pass copies only what is new, so that the second one is nearly always the last.
"""


class BackupError(Exception):
    """The backup or restore failed: one line says why."""


@dataclass(frozen=True)
class Report:
    """Result of a backup or restore."""

    files: int
    """Number of different contents that the database names."""
    copied_bytes: int
    """Bytes of contents that were not in the target before."""
    damaged: list[Damage]
    """Files with missing or altered bytes in the source: they are not in the copy."""


def back_up(settings: Settings, folder: Path) -> Report:
    """Copy a server's state into `folder`, which may hold an earlier copy of the same server.

    The server may run, and is not disturbed. Raises BackupError, and OSError.
    """
    state, database = settings.server.state_dir, database_file(settings.database_url)
    if not database.exists():
        raise BackupError(f"{database}: there is no database to copy")
    _check_owner(state)
    with _held(folder):
        _check_target(folder, state)
        copied = 0
        fresh = folder / f"{DATABASE}.new"
        for _ in range(ROUNDS):
            copy_database(database, fresh)
            found = _out(settings, state, fresh, folder / BLOBS)
            copied += found.copied_bytes
            if not found.damaged:
                break
        _copy_kept(state, folder)
        fresh.replace(folder / DATABASE)
        sync_folder(folder)
        remove_others(folder / DATABASE, folder / BLOBS)
    return Report(found.files, copied, found.damaged)


def restore(settings: Settings, folder: Path) -> Report:
    """Restore a copy into a state folder that has no database; all of the copy is checked.

    Raises BackupError, and OSError.
    """
    database, source = database_file(settings.database_url), folder / DATABASE
    if not source.exists():
        raise BackupError(f"{folder}: there is no copy, or it was never completed")
    if problem := database_damage(source):
        raise BackupError(f"{source} is damaged ({problem}): use another copy")
    for name in (database, Path(f"{database}-wal"), Path(f"{database}-shm")):
        if name.exists():
            raise BackupError(f"{name} is there: move it away first, for it would be replaced")
    try:
        with state_folder(settings.server.state_dir) as state:
            _check_owner(state.path)
            found = _back(settings, state, source, folder)
            _copy_kept(folder, state.path)
            # Last: a server can start with it from now on.
            fresh = database.with_name(f"{database.name}.new")
            copy_database(source, fresh)
            fresh.replace(database)
            sync_folder(database.parent)
    except StateFolderError as error:
        raise BackupError(str(error)) from error
    return Report(found.files, found.copied_bytes, found.damaged)


def _out(settings: Settings, state: Path, database: Path, target: Path) -> Copied:
    """Copy the bytes that `database` names to `target`."""
    if settings.blobs.location is None:
        return copy_blobs(database, state / BLOBS, target, keep=True)
    store = _bucket(settings, StateFolder(state, (state / "instance").read_text()))

    async def fetch() -> Copied:
        # Another server's bytes do not belong in our copy.
        await store.check()
        return await fetch_blobs(database, store, target)

    return _carried_out(fetch())


def _back(settings: Settings, state: StateFolder, database: Path, folder: Path) -> Copied:
    """Copy the bytes that `database` names to the server's store."""
    if settings.blobs.location is None:
        return copy_blobs(database, folder / BLOBS, state.blobs, keep=False)
    # The server of this copy owns the prefix.
    store = _bucket(settings, StateFolder(state.path, (folder / "instance").read_text()))

    async def send() -> Copied:
        await store.start()
        return await send_blobs(database, folder / BLOBS, store)

    return _carried_out(send())


def _bucket(settings: Settings, state: StateFolder) -> ObjectStore:
    """Return the store that a server with this state folder uses. Raises BackupError."""
    # Without a cache, which would treat files of the copy as its own.
    blobs = settings.blobs.model_copy(update={"cache_bytes": ByteSize(0)})
    try:
        return parts.object_store(
            settings.model_copy(update={"blobs": blobs}), state, DiskSpace(state.path, 0)
        )
    except CellblockError as error:
        raise BackupError(str(error)) from error


def _carried_out(work: Coroutine[None, None, Copied]) -> Copied:
    """Run `work`, converting its errors. Raises BackupError."""
    try:
        return asyncio.run(work)
    except CellblockError as error:
        raise BackupError(str(error)) from error


def database_file(url: str) -> Path:
    """Return the file of a SQLite database. Raises BackupError for any other."""
    database = make_url(url)
    if database.get_backend_name() != "sqlite":
        raise BackupError(
            "store.url: only SQLite is copied; docs/operate/backup.md says how others are"
        )
    return Path(database.database or "")


def _check_owner(state: Path) -> None:
    """Check the user: the server could not use files of another user, even of root."""
    owner = state.stat().st_uid
    if owner != os.geteuid():
        raise BackupError(f"{state} is user {owner}'s: run this as that user")


def _check_target(folder: Path, state: Path) -> None:
    """Check that the target is empty, or a copy of the same server."""
    if folder.resolve() == state.resolve():
        raise BackupError(f"{folder} is the state folder itself")
    theirs = folder / "instance"
    if theirs.exists():
        if theirs.read_text() != (state / "instance").read_text():
            raise BackupError(f"{folder} belongs to another server: choose another folder")
    elif any(path.name not in ("lock", BLOBS, f"{DATABASE}.new") for path in folder.iterdir()):
        raise BackupError(f"{folder} has something else in it: choose an empty folder")


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Create the folder, for this user only, and lock it against other writers."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = folder_lock(folder / "lock")
    try:
        lock.acquire(blocking=False)
    except Timeout as error:
        raise BackupError(f"{folder} is in use: by another copy, or by a server") from error
    try:
        yield
    finally:
        lock.release()


def _copy_kept(source: Path, target: Path) -> None:
    for name in KEPT:
        if (source / name).exists():
            fresh = target / f"{name}.fresh"
            # With its mode: the server refuses a secret that others may read.
            shutil.copy(source / name, fresh)
            fresh.replace(target / name)
