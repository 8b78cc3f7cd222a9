"""Deletion of expired files, old sessions, and bytes that belong to no file."""

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from cellblock_server.blobs.blob_store import BlobStore
from cellblock_server.common.clock import Clock
from cellblock_server.common.errors import UnavailableError
from cellblock_server.files.uploads import UploadService
from cellblock_server.store.files import FileStore
from cellblock_server.store.sessions import SessionStore

BATCH = 200
"""Number of records deleted in one transaction, for which others wait."""
PAGE = 1000
"""Number of stored hashes that are checked together."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class RetentionTimings:
    """Times of retention, in seconds."""

    pause: float = 30.0
    """Pause between two deletions of expired files and sessions."""
    sweep: float = 3600.0
    """Pause between two sweeps of bytes without a file, which an aborted upload may leave."""


class Retention:
    """Deletes expired data, while it is `run`."""

    def __init__(
        self,
        files: FileStore,
        sessions: SessionStore,
        blobs: BlobStore,
        uploads: UploadService,
        session_retention: timedelta,
        now: Clock,
        timings: RetentionTimings | None = None,
    ) -> None:
        """Delete sessions `session_retention` after their end, and files at their expiry.

        `now` may be slow, but must not be fast: deleted data can't be restored.
        """
        self._files = files
        self._sessions = sessions
        self._blobs = blobs
        self._uploads = uploads
        self._session_retention = session_retention
        self._now = now
        self._timings = timings or RetentionTimings()

    async def expire(self) -> None:
        """Delete what has expired."""
        await self._uploads.forget_expired(self._now())
        while hashes := await self._files.delete_expired(self._now(), BATCH):
            log.info("files_expired", count=len(hashes))
            for sha256 in hashes:
                await self._blobs.delete_unless(sha256, self._files.is_referenced)
        before = self._now() - self._session_retention
        while count := await self._sessions.delete_ended_before(before, BATCH):
            log.info("sessions_forgotten", count=count)

    async def sweep(self) -> None:
        """Delete bytes that belong to no file."""
        page: list[str] = []
        async for sha256 in self._blobs.hashes():
            page.append(sha256)
            if len(page) == PAGE:
                await self._sweep(page)
                page.clear()
        await self._sweep(page)

    async def _sweep(self, hashes: Sequence[str]) -> None:
        # One query for all of them: nearly all have a file.
        for sha256 in await self._files.unreferenced(hashes):
            await self._blobs.delete_unless(sha256, self._files.is_referenced)

    async def run(self) -> None:
        """Delete until cancelled."""
        loop = asyncio.get_running_loop()
        # The first sweep starts immediately, but calls are accepted meanwhile: it may take long.
        swept = -math.inf
        while True:
            try:
                await self.expire()
                if loop.time() - swept > self._timings.sweep:
                    await self.sweep()
                    swept = loop.time()
            except UnavailableError as error:
                log.warning("retention_failed", reason=error.reason, detail=str(error))
            await asyncio.sleep(self._timings.pause)
