"""Forgets what nobody needs any more: expired files, old sessions, bytes without a file."""

import asyncio
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from types import TracebackType

import structlog

from cellblock_server.clock import Clock
from cellblock_server.errors import UnavailableError
from cellblock_server.files.blobs import BlobStore
from cellblock_server.files.uploads import UploadService
from cellblock_server.store.files import FileStore
from cellblock_server.store.sessions import SessionStore

PAUSE = timedelta(seconds=30)
"""Between two looks for what has expired."""
SWEEP = timedelta(hours=1)
"""Between two looks for bytes that no file has: a caller who left in a bad moment leaves some."""
BATCH = 200
"""How much is forgotten in one transaction: others wait for it."""

log = structlog.get_logger(__name__)


class Retention(AbstractAsyncContextManager["Retention"]):
    """Runs while the server does. An async context manager."""

    def __init__(
        self,
        files: FileStore,
        sessions: SessionStore,
        blobs: BlobStore,
        uploads: UploadService,
        session_retention: timedelta,
        now: Clock,
        *,
        pause: timedelta = PAUSE,
    ) -> None:
        """Forget sessions `session_retention` after their end, files at their time."""
        self._files = files
        self._sessions = sessions
        self._blobs = blobs
        self._uploads = uploads
        self._session_retention = session_retention
        self._now = now
        self._pause = pause
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Retention":
        """Begin."""
        await self.sweep()
        self._task = asyncio.create_task(self._run(), name="retention")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def expire(self) -> None:
        """Forget what has reached its time."""
        await self._uploads.forget_expired()
        while hashes := await self._files.delete_expired(self._now(), BATCH):
            log.info("files_expired", count=len(hashes))
            for sha256 in hashes:
                await self._blobs.delete_unless(sha256, self._files.is_referenced)
        before = self._now() - self._session_retention
        while count := await self._sessions.delete_ended_before(before, BATCH):
            log.info("sessions_forgotten", count=count)

    async def sweep(self) -> None:
        """Remove bytes that no file has."""
        async for sha256 in self._blobs.hashes():
            await self._blobs.delete_unless(sha256, self._files.is_referenced)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        swept = loop.time()
        while True:
            try:
                await self.expire()
                if loop.time() - swept > SWEEP.total_seconds():
                    await self.sweep()
                    swept = loop.time()
            except UnavailableError as error:
                log.warning("retention_failed", reason=error.reason, detail=error.message)
            except Exception:
                # A fault of ours; what is left is tried again.
                log.exception("retention_failed")
            await asyncio.sleep(self._pause.total_seconds())
