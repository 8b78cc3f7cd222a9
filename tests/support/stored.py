"""Stored files with a real database and folder."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from cellblock_server.blobs.blob_store import BlobStore
from cellblock_server.files.file_service import FileService
from cellblock_server.files.uploads import UploadService
from cellblock_server.sessions.retention import Retention
from cellblock_server.store.database import Database
from cellblock_server.store.files import FileStore
from cellblock_server.store.sessions import SessionStore
from cellblock_server.store.uploads import UploadStore
from cellblock_server.store.usage import Usage
from cellblock_server.tenants.turns import Turns
from tests.support.buckets import blob_store, stored_in
from tests.support.databases import store_url
from tests.support.records import START

KEPT_FOR = timedelta(hours=1)
SESSION_RETENTION = timedelta(days=2)


@dataclass
class Clock:
    """A clock that stands still until a test moves it."""

    time: datetime = field(default=START)

    def __call__(self) -> datetime:
        return self.time


@dataclass
class Stored:
    """The components that store files."""

    folder: Path
    clock: Clock
    database: Database
    blobs: BlobStore
    files: FileService
    store: FileStore
    usage: Usage
    sessions: SessionStore
    uploads: UploadService
    retention: Retention

    def left(self) -> list[str]:
        """Return all bytes that are stored or half written."""
        return stored_in(self.folder)

    def on_disk(self) -> list[Path]:
        """Return all files in the folder of stored bytes."""
        return [path for path in (self.folder / "blobs").rglob("*") if path.is_file()]


@asynccontextmanager
async def stored(
    folder: Path,
    clock: Clock,
    *,
    max_bytes: int = 2**20,
    quota: int = 2**30,
    min_free: int = 0,
    turns: Turns | None = None,
    max_kept: int = 100,
) -> AsyncIterator[Stored]:
    """Open the store in `folder`, like a server that starts."""
    database = Database(store_url(folder / "cellblock.db"))
    await database.start()
    try:
        blobs = blob_store(folder / "blobs", min_free)
        usage = Usage(database, lambda _tenant: quota)
        store, sessions = FileStore(database), SessionStore(database)
        uploads = UploadService(
            UploadStore(database, usage),
            store,
            blobs,
            usage,
            max_bytes,
            KEPT_FOR,
            clock,
            turns=turns,
            max_kept=max_kept,
        )
        await uploads.start()
        yield Stored(
            folder=folder,
            clock=clock,
            database=database,
            blobs=blobs,
            files=FileService(store, blobs),
            store=store,
            usage=usage,
            sessions=sessions,
            uploads=uploads,
            retention=Retention(store, sessions, blobs, uploads, SESSION_RETENTION, clock),
        )
    finally:
        await database.close()
