"""Uploads: checked on arrival, stored once they are complete, resumable after an interruption."""

import asyncio
import hashlib
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from cellblock_server.blobs.blob_store import BlobStore
from cellblock_server.blobs.object_store import Blob
from cellblock_server.blobs.partial_file import PartialFile
from cellblock_server.common.clock import Clock
from cellblock_server.common.errors import (
    AlreadyExistsError,
    InvalidArgumentError,
    NotFoundError,
    OutOfRangeError,
    WrongStateError,
)
from cellblock_server.common.ids import new_id
from cellblock_server.common.uninterrupted import uninterrupted
from cellblock_server.files.mime import HEAD_BYTES, guess_type
from cellblock_server.files.names import check_filename
from cellblock_server.store.files import FileStore
from cellblock_server.store.records import FilePurpose, FileRecord, UploadRecord
from cellblock_server.store.uploads import UploadStore
from cellblock_server.store.usage import Arriving, Usage
from cellblock_server.telemetry.metrics import Metrics
from cellblock_server.tenants.turns import Turns

UPLOAD_ID = re.compile(r"upload_[A-Za-z0-9_-]{1,64}")
SHA256 = re.compile(r"[0-9a-fA-F]{64}")
PURPOSES = (FilePurpose.ASSISTANTS, FilePurpose.VISION, FilePurpose.USER_DATA)
"""Purposes that a caller may give a file."""
SHORTEST_LIFE = timedelta(seconds=1)
LONGEST_LIFE = timedelta(days=3650)

MAX_KEPT = 32
"""Default maximum number of interrupted uploads of one tenant that are kept."""

Key = tuple[str, str]
"""Tenant and upload id."""


@dataclass(frozen=True)
class Upload:
    """Metadata that a caller sends before a file's bytes."""

    filename: str
    bytes: int | None = None
    sha256: str = ""
    """Expected hash; empty if the caller does not know it."""
    purpose: FilePurpose = FilePurpose.ASSISTANTS
    expires_after: timedelta | None = None
    upload_id: str = ""
    offset: int = 0

    def check(self, max_bytes: int) -> None:
        """Raise InvalidArgumentError or OutOfRangeError for the first bad field."""
        check_filename("metadata.filename", self.filename)
        if self.bytes is not None and not 0 <= self.bytes <= max_bytes:
            raise OutOfRangeError("metadata.bytes", f"must be 0 to {max_bytes}, got {self.bytes}")
        check_sha256("metadata.sha256", self.sha256)
        if self.purpose not in PURPOSES:
            raise InvalidArgumentError(
                "metadata.purpose", f"must be one of {', '.join(p.name for p in PURPOSES)}"
            )
        life = self.expires_after
        if life is not None and not SHORTEST_LIFE <= life <= LONGEST_LIFE:
            raise OutOfRangeError(
                "metadata.expires_after",
                f"must be {SHORTEST_LIFE.total_seconds():g} s to "
                f"{LONGEST_LIFE.total_seconds():g} s, got {life.total_seconds():g} s",
            )
        if self.upload_id:
            check_upload_id("metadata.upload_id", self.upload_id)
        elif self.offset:
            raise InvalidArgumentError("metadata.offset", "needs metadata.upload_id")
        if not 0 <= self.offset <= max_bytes:
            raise OutOfRangeError("metadata.offset", f"must be 0 to {max_bytes}, got {self.offset}")


class Received(Protocol):
    """Bytes of an upload as they arrive."""

    sha256: str
    """Hash that the caller sent; empty before the end of the bytes, and if none was sent."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the bytes as they arrive."""


@dataclass(frozen=True)
class UploadProgress:
    """Progress of an upload."""

    record: UploadRecord
    received_bytes: int
    file: FileRecord | None


class UploadService:
    """Receives and stores uploads."""

    def __init__(
        self,
        store: UploadStore,
        files: FileStore,
        blobs: BlobStore,
        usage: Usage,
        max_bytes: int,
        kept_for: timedelta,
        now: Clock,
        metrics: Metrics | None = None,
        *,
        turns: Turns | None = None,
        max_kept: int = MAX_KEPT,
    ) -> None:
        """Receive uploads of at most `max_bytes`; keep interrupted ones for `kept_for`.

        Those that receive bytes wait for `turns`. Of each tenant the latest `max_kept` interrupted
        uploads are kept.
        """
        self._store = store
        self._files = files
        self._blobs = blobs
        self._usage = usage
        self._max_bytes = max_bytes
        self._kept_for = kept_for
        self._turns = turns or Turns()
        self._max_kept = max_kept
        self._now = now
        self._file_bytes = (metrics or Metrics()).file_bytes
        self._active: dict[Key, asyncio.Task[object]] = {}

    async def start(self) -> None:
        """Prepare the folders; called once, before anything is stored."""
        kept = await self._store.unfinished()
        await self._blobs.start([_name(*key) for key in kept])
        for tenant, upload_id in kept:
            # A killed server has not stored the received size.
            size = await self._blobs.partial(_name(tenant, upload_id)).size()
            await self._store.set_received(tenant, upload_id, size)

    async def upload(self, tenant: str, upload: Upload, received: Received) -> FileRecord:
        """Store a file.

        Raises InvalidArgumentError or OutOfRangeError for invalid metadata, AlreadyExistsError if
        the upload was begun as another file, WrongStateError for an offset beyond the received
        bytes, QuotaError, ExhaustedError and UnavailableError.
        """
        upload.check(self._max_bytes)
        if not upload.upload_id:
            async with self._turns.turn(tenant):
                return await self._once(tenant, upload, received)
        # In this order: an earlier stream of the same upload returns its turn first.
        async with self._alone((tenant, upload.upload_id)), self._turns.turn(tenant):
            return await self._resume(tenant, upload, received)

    async def progress(self, tenant: str, upload_id: str) -> UploadProgress:
        """Return the progress of an upload. Raises NotFoundError."""
        check_upload_id("upload_id", upload_id)
        record = await self._store.find_upload(tenant, upload_id)
        if record is None:
            raise NotFoundError("upload", upload_id)
        if record.file_id:
            file = await self._files.find_file(tenant, record.file_id)
            return UploadProgress(record, file.bytes if file else 0, file)
        size = await self._blobs.partial(_name(tenant, upload_id)).size()
        return UploadProgress(record, size, None)

    async def forget_expired(self, now: datetime) -> None:
        """Delete uploads that were not resumed in time, and partial files without an upload."""
        await self._store.delete_expired(now, self._active)
        await self._blobs.sweep_partials(self._find_kept)

    async def _find_kept(self) -> Callable[[str], bool]:
        stored = {_name(*key) for key in await self._store.unfinished()}
        return lambda name: name in stored or any(name == _name(*key) for key in self._active)

    @asynccontextmanager
    async def _alone(self, key: Key) -> AsyncIterator[None]:
        """Give this task exclusive use of an upload; an earlier stream is ended.

        The server may not have noticed yet that the earlier stream was interrupted.
        """
        while (other := self._active.get(key)) is not None:
            other.cancel()
            await asyncio.wait({other})
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("not in a task")
        self._active[key] = task
        try:
            yield
        finally:
            del self._active[key]

    async def _once(self, tenant: str, upload: Upload, received: Received) -> FileRecord:
        with self._usage.arriving(tenant, counted=0) as arriving:
            async with self._blobs.temporary() as file:
                await self._receive(tenant, upload, received, file, arriving)
                return await uninterrupted(self._finish(tenant, upload, received, file, arriving))

    async def _resume(self, tenant: str, upload: Upload, received: Received) -> FileRecord:
        record = await self._find_or_begin(tenant, upload)
        if record.file_id:
            found = await self._files.find_file(tenant, record.file_id)
            if found is not None:
                return found
        file = self._blobs.partial(_name(tenant, upload.upload_id))
        size = await file.size()
        if upload.offset > size:
            raise WrongStateError(
                "UPLOAD_OFFSET",
                f"metadata.offset: {size} bytes of upload {upload.upload_id!r} have come, "
                f"got {upload.offset}",
            )
        with self._usage.arriving(tenant, counted=record.received_bytes) as arriving:
            try:
                await file.cut(upload.offset)
                await self._receive(tenant, upload, received, file, arriving)
            except OutOfRangeError:
                await uninterrupted(self._forget(file, record))
                raise
            except BaseException:
                await uninterrupted(self._leave(file, record, arriving))
                raise
            # All bytes came: a caller who disconnects now finds the file after reconnecting.
            return await uninterrupted(
                self._complete(tenant, upload, received, file, record, arriving)
            )

    async def _complete(
        self,
        tenant: str,
        upload: Upload,
        received: Received,
        file: PartialFile,
        record: UploadRecord,
        arriving: Arriving,
    ) -> FileRecord:
        try:
            return await self._finish(tenant, upload, received, file, arriving)
        except InvalidArgumentError:
            # The file does not match its metadata: there is nothing to resume.
            await self._forget(file, record)
            raise
        except BaseException:
            # Storing failed for now: the received bytes need not be sent again.
            await self._leave(file, record, arriving)
            raise

    async def _find_or_begin(self, tenant: str, upload: Upload) -> UploadRecord:
        wanted = UploadRecord(
            tenant=tenant,
            id=upload.upload_id,
            filename=upload.filename,
            bytes=upload.bytes,
            sha256=upload.sha256.lower(),
            purpose=upload.purpose,
            expires_after=upload.expires_after,
            expire_time=self._now() + self._kept_for,
        )
        known = await self._store.find_upload(tenant, upload.upload_id)
        if known is None:
            await self._store.insert(wanted)
            if await self._store.delete_over(tenant, self._max_kept, self._active):
                await self._blobs.sweep_partials(self._find_kept)
            return wanted
        for name in ("filename", "bytes", "sha256", "purpose", "expires_after"):
            if getattr(known, name) != getattr(wanted, name):
                raise AlreadyExistsError(
                    "upload", upload.upload_id, f"was begun with another {name}"
                )
        return known

    async def _leave(self, file: PartialFile, record: UploadRecord, arriving: Arriving) -> None:
        """Keep the received bytes for a while; they count against the quota meanwhile."""
        size = await file.size()
        if size == 0:
            await self._forget(file, record)
            return
        until = self._now() + self._kept_for
        await self._store.received(record.tenant, record.id, size, until, arriving)

    async def _forget(self, file: PartialFile, record: UploadRecord) -> None:
        await self._store.delete(record.tenant, record.id)
        await file.discard()

    async def _receive(
        self,
        tenant: str,
        upload: Upload,
        received: Received,
        file: PartialFile,
        arriving: Arriving,
    ) -> None:
        """Append bytes as they arrive, while they fit beside all else of the tenant."""
        arriving.size = await file.size()
        arriving.expected = upload.bytes or 0
        await self._usage.check_arriving(tenant, arriving)
        if upload.bytes is not None:
            self._blobs.check_room(upload.bytes - arriving.size)
        most = self._max_bytes if upload.bytes is None else upload.bytes
        pieces = self._fitting(tenant, received, arriving)
        async with aclosing(pieces):
            check = self._blobs.check_room
            await file.append(pieces, max_bytes=most, field="data", check=check)

    async def _fitting(
        self, tenant: str, received: Received, arriving: Arriving
    ) -> AsyncGenerator[bytes, None]:
        async for data in received:
            arriving.size += len(data)
            await self._usage.check_arriving(tenant, arriving)
            held = [data]
            del data  # the next one may be long in coming
            yield held.pop()

    async def _finish(
        self,
        tenant: str,
        upload: Upload,
        received: Received,
        file: PartialFile,
        arriving: Arriving,
    ) -> FileRecord:
        blob = await file.blob()
        if upload.bytes is not None and blob.size != upload.bytes:
            raise InvalidArgumentError(
                "metadata.bytes", f"says {upload.bytes}, but {blob.size} bytes came"
            )
        for field, says in (("metadata.sha256", upload.sha256), ("end.sha256", received.sha256)):
            check_sha256(field, says)
            if says and blob.sha256 != says.lower():
                raise InvalidArgumentError(
                    field, f"says {says!r}, but the bytes have {blob.sha256}"
                )
        record = await self._record(tenant, upload, file, blob)
        with self._blobs.hold_blobs() as hold:
            await hold.keep_file(file, blob)
            await self._store.complete(record, arriving, upload.upload_id)
        self._file_bytes.labels("upload").inc(record.bytes)
        return record

    async def _record(
        self, tenant: str, upload: Upload, file: PartialFile, blob: Blob
    ) -> FileRecord:
        now, life = self._now(), upload.expires_after
        return FileRecord(
            id=new_id("file-"),
            tenant=tenant,
            filename=upload.filename,
            bytes=blob.size,
            mime_type=guess_type(upload.filename, await file.head(HEAD_BYTES)),
            sha256=blob.sha256,
            purpose=upload.purpose,
            create_time=now,
            expire_time=None if life is None else now + life,
        )


def check_upload_id(field: str, upload_id: str) -> None:
    """Raise InvalidArgumentError that names `field` for an invalid upload id."""
    if not UPLOAD_ID.fullmatch(upload_id):
        raise InvalidArgumentError(
            field,
            f"must be `upload_` and 1 to 64 letters, digits, `-` or `_`, got {upload_id[:80]!r}",
        )


def check_sha256(field: str, value: str) -> None:
    """Raise InvalidArgumentError that names `field` for an invalid hash; empty passes."""
    if value and not SHA256.fullmatch(value):
        raise InvalidArgumentError(field, f"must be 64 hexadecimal digits, got {value[:80]!r}")


def _name(tenant: str, upload_id: str) -> str:
    """Return the partial file's name: text from a caller never becomes a path."""
    return hashlib.sha256(f"{tenant}\0{upload_id}".encode()).hexdigest()
