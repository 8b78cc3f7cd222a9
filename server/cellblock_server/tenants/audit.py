"""The audit log: caller, call, time and outcome. Never code, contents or secrets."""

import asyncio
import time
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import asdict, dataclass
from datetime import timedelta
from types import TracebackType

import structlog

from cellblock_server.common.clock import Clock
from cellblock_server.common.errors import CellblockError, UnavailableError
from cellblock_server.common.supervisor import Supervisor
from cellblock_server.common.uninterrupted import uninterrupted
from cellblock_server.store.audit import AuditFilter, AuditStore
from cellblock_server.store.records import AuditRecord, Page

MAX_WAITING = 10_000
"""Default limit of entries that wait to be stored; at the limit, calls are refused."""
MAX_STRANGERS = 60
"""Maximum number of entries per minute for callers without a valid API key."""
STRANGERS_SECONDS = 60.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class AuditTimings:
    """Times of the audit log, in seconds."""

    gather: float = 0.1
    """Time over which entries are batched; a killed server loses the entries of this time."""
    retry: float = 1.0
    """Pause after a failed write."""
    retention: float = 60.0
    """Pause between two deletions of expired entries."""


class AuditLog(AbstractAsyncContextManager["AuditLog"]):
    """Stores entries while the server runs. An async context manager.

    If entries can't be stored, an error is logged, the entries wait, and calls are refused until
    they are stored.
    """

    def __init__(
        self,
        store: AuditStore,
        retention: timedelta,
        most: int,
        now: Clock,
        supervisor: Supervisor,
        timings: AuditTimings | None = None,
        *,
        max_waiting: int = MAX_WAITING,
    ) -> None:
        """Keep entries in `store` for `retention`, and of each tenant at most `most`.

        Calls are refused while `max_waiting` entries wait to be stored.
        """
        self._max_waiting = max_waiting
        self._supervisor = supervisor
        self._timings = timings or AuditTimings()
        self._loops = AsyncExitStack()
        self._store = store
        self._retention = retention
        self._most = most
        self._now = now
        self._waiting: list[AuditRecord] = []
        self._failure = ""
        self._added = asyncio.Event()
        self._storing = asyncio.Lock()
        self._strangers = 0
        self._strangers_since = time.monotonic()

    def check(self) -> None:
        """Raise UnavailableError if a call could not be recorded now."""
        if self._failure or len(self._waiting) >= self._max_waiting:
            raise UnavailableError(
                "AUDIT_FAILED",
                "the audit log can't be written",
                detail=self._failure or "too many entries wait",
            )

    def add(self, record: AuditRecord) -> None:
        """Queue an entry to be stored."""
        if not record.tenant and not self._room_for_stranger():
            return
        self._waiting.append(record)
        self._added.set()

    async def list(self, wanted: AuditFilter, size: int, token: str) -> Page[AuditRecord]:
        """Return a page of entries, newest first, including all that were added so far."""
        await self._flush()
        return await self._store.list(wanted, size, token)

    async def forget_old(self) -> None:
        """Delete expired entries, and the oldest ones past each tenant's limit."""
        gone = await self._store.delete_old_entries(self._now() - self._retention, self._most)
        if gone:
            log.info("audit_entries_forgotten", count=gone)

    async def __aenter__(self) -> "AuditLog":
        """Start the background tasks."""
        supervise = self._supervisor.supervise
        await self._loops.enter_async_context(supervise("audit_log", self._store_all))
        await self._loops.enter_async_context(supervise("audit_retention", self._keep_house))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop, and store the entries that wait."""
        await self._loops.aclose()
        try:
            await self._flush()
        except Exception as error:  # noqa: BLE001 - whatever it is, the entries are logged
            if not isinstance(error, CellblockError):
                self._supervisor.report("audit_log", error)
            # There is no retry after this: the entries are logged instead.
            for record in self._waiting:
                log.error("audit_entry_lost", **asdict(record))  # noqa: TRY400 - logged by _flush

    async def _flush(self) -> None:
        # If interrupted, a stored batch could be stored again.
        await uninterrupted(self._store_waiting())

    async def _store_waiting(self) -> None:
        async with self._storing:
            batch = list(self._waiting)
            if not batch:
                return
            try:
                await self._store.insert(batch)
            except CellblockError as error:
                self._failure = str(error)
                # Without a traceback: this repeats each second while the store is unavailable.
                log.error("audit_write_failed", entries=len(batch), problem=str(error))  # noqa: TRY400
                raise
            except Exception:
                self._failure = "a server error"
                raise
            del self._waiting[: len(batch)]
            self._failure = ""

    async def _store_all(self) -> None:
        while True:
            # Entries may already wait: this task is restarted after a failure.
            if not self._waiting:
                await self._added.wait()
            self._added.clear()
            await asyncio.sleep(self._timings.gather)
            while self._waiting:
                try:
                    await self._flush()
                except CellblockError:  # logged by _flush
                    await asyncio.sleep(self._timings.retry)

    async def _keep_house(self) -> None:
        while True:
            try:
                await self.forget_old()
            except UnavailableError as error:
                log.warning("audit_entries_not_forgotten", detail=str(error))
            await asyncio.sleep(self._timings.retention)

    def _room_for_stranger(self) -> bool:
        now = time.monotonic()
        if now - self._strangers_since >= STRANGERS_SECONDS:
            if self._strangers > MAX_STRANGERS:
                log.warning("audit_strangers_left_out", count=self._strangers - MAX_STRANGERS)
            self._strangers, self._strangers_since = 0, now
        self._strangers += 1
        return self._strangers <= MAX_STRANGERS
