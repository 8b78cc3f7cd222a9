"""Uploads: checked while they come, stored once they are whole, gone on with after a break."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
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
    UnavailableError,
    WrongStateError,
)
from cellblock_server.common.ids import new_id
from cellblock_server.common.uninterrupted import uninterrupted
from cellblock_server.files.mime import HEAD_BYTES, guess_type
from cellblock_server.files.names import check_filename
from cellblock_server.store.files import FileStore
from cellblock_server.store.records import FilePurpose, FileRecord, UploadRecord
from cellblock_server.store.uploads import UploadStore
from cellblock_server.store.usage import Usage
from cellblock_server.telemetry.metrics import Metrics

UPLOAD_ID = re.compile(r"upload_[A-Za-z0-9_-]{1,64}")
SHA256 = re.compile(r"[0-9a-fA-F]{64}")
PURPOSES = (FilePurpose.ASSISTANTS, FilePurpose.VISION, FilePurpose.USER_DATA)
"""What a caller may say that a file is for."""
SHORTEST_LIFE = timedelta(seconds=1)
LONGEST_LIFE = timedelta(days=3650)

Key = tuple[str, str]
"""Tenant and upload id."""


@dataclass(frozen=True)
class Upload:
    """What a caller says of a file before its bytes."""

    filename: str
    bytes: int | None = None
    sha256: str = ""
    """Empty if the caller does not know."""
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
    """The bytes of an upload as they come."""

    sha256: str
    """What the caller says of them; empty until they have ended, and if it does not."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """The next bytes."""


@dataclass(frozen=True)
class UploadProgress:
    """How far an upload is."""

    record: UploadRecord
    received_bytes: int
    file: FileRecord | None


class UploadService:
    """Takes uploads."""

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
    ) -> None:
        """Take uploads of at most `max_bytes`; keep those that broke off for `kept_for`."""
        self._store = store
        self._files = files
        self._blobs = blobs
        self._usage = usage
        self._max_bytes = max_bytes
        self._kept_for = kept_for
        self._now = now
        self._file_bytes = (metrics or Metrics()).file_bytes
        self._active: dict[Key, asyncio.Task[object]] = {}

    async def start(self) -> None:
        """Get the folders ready; called once, before anything is stored."""
        kept = [record for record in await self._store.all() if not record.file_id]
        await self._blobs.start([_name(record.tenant, record.id) for record in kept])

    async def upload(self, tenant: str, upload: Upload, received: Received) -> FileRecord:
        """Store a file.

        Raises InvalidArgumentError or OutOfRangeError for what is wrong with it,
        AlreadyExistsError if its upload was begun as another file, WrongStateError for an
        offset past what has come, QuotaError, ExhaustedError and UnavailableError.
        """
        upload.check(self._max_bytes)
        if not upload.upload_id:
            return await self._once(tenant, upload, received)
        async with self._alone((tenant, upload.upload_id)):
            return await self._go_on(tenant, upload, received)

    async def progress(self, tenant: str, upload_id: str) -> UploadProgress:
        """How far an upload is. Raises NotFoundError."""
        check_upload_id("upload_id", upload_id)
        record = await self._store.find(tenant, upload_id)
        if record is None:
            raise NotFoundError("upload", upload_id)
        if record.file_id:
            file = await self._files.find(tenant, record.file_id)
            return UploadProgress(record, file.bytes if file else 0, file)
        size = await self._blobs.partial(_name(tenant, upload_id)).size()
        return UploadProgress(record, size, None)

    async def forget_expired(self, now: datetime) -> None:
        """Forget uploads that nobody has gone on with in time."""
        for record in await self._store.delete_expired(now, self._active):
            await self._blobs.partial(_name(record.tenant, record.id)).discard()

    @asynccontextmanager
    async def _alone(self, key: Key) -> AsyncIterator[None]:
        """A block in which only this task writes an upload: an earlier stream is ended.

        The server may not know yet that it broke off, when its caller does.
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
        file = self._blobs.create()
        try:
            await self._receive(tenant, upload, received, file, counted=0)
            return await uninterrupted(self._finish(tenant, upload, received, file))
        finally:
            await file.discard()

    async def _go_on(self, tenant: str, upload: Upload, received: Received) -> FileRecord:
        record = await self._find_or_begin(tenant, upload)
        if record.file_id:
            found = await self._files.find(tenant, record.file_id)
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
        await file.cut(upload.offset)
        try:
            await self._receive(tenant, upload, received, file, counted=record.received_bytes)
        except OutOfRangeError:
            await self._forget(file, record)
            raise
        except BaseException:
            await self._leave(file, record)
            raise
        try:
            # All of it came: a caller who leaves now finds the file when it is back.
            return await uninterrupted(self._finish(tenant, upload, received, file))
        except InvalidArgumentError:
            # All of it came, and it is not what it should be: there is nothing to go on with.
            await self._forget(file, record)
            raise
        except UnavailableError:
            # It could not be stored now: what came need not come again.
            await self._leave(file, record)
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
        known = await self._store.find(tenant, upload.upload_id)
        if known is None:
            await self._store.insert(wanted)
            return wanted
        for name in ("filename", "bytes", "sha256", "purpose", "expires_after"):
            if getattr(known, name) != getattr(wanted, name):
                raise AlreadyExistsError(
                    "upload", upload.upload_id, f"was begun with another {name}"
                )
        return known

    async def _leave(self, file: PartialFile, record: UploadRecord) -> None:
        """Keep what has come for a while; it counts meanwhile."""
        size = await file.size()
        if size == 0:
            await self._forget(file, record)
            return
        until = self._now() + self._kept_for
        await self._store.received(record.tenant, record.id, size, until)

    async def _forget(self, file: PartialFile, record: UploadRecord) -> None:
        await self._store.delete(record.tenant, record.id)
        await file.discard()

    async def _receive(
        self, tenant: str, upload: Upload, received: Received, file: PartialFile, *, counted: int
    ) -> None:
        """Append what comes. `counted` of its bytes are in the tenant's sum already."""
        others = await self._usage.used(tenant) - counted
        size = await file.size()
        if upload.bytes is not None:
            self._check_fits(tenant, others, upload.bytes, upload.bytes - size)

        def check(more: int) -> None:
            nonlocal size
            size += more
            self._check_fits(tenant, others, size, more)

        most = self._max_bytes if upload.bytes is None else upload.bytes
        await file.append(aiter(received), max_bytes=most, field="data", check=check)

    def _check_fits(self, tenant: str, others: int, size: int, more: int) -> None:
        self._usage.check_sum(tenant, others, size)
        self._blobs.check_room(more)

    async def _finish(
        self, tenant: str, upload: Upload, received: Received, file: PartialFile
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
        with self._blobs.hold() as hold:
            await hold.keep(file, blob)
            await self._store.complete(record, upload.upload_id)
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
    """Raise InvalidArgumentError that names `field` for what is no upload's id."""
    if not UPLOAD_ID.fullmatch(upload_id):
        raise InvalidArgumentError(
            field,
            f"must be `upload_` and 1 to 64 letters, digits, `-` or `_`, got {upload_id[:80]!r}",
        )


def check_sha256(field: str, value: str) -> None:
    """Raise InvalidArgumentError that names `field` for what is no hash; empty passes."""
    if value and not SHA256.fullmatch(value):
        raise InvalidArgumentError(field, f"must be 64 hexadecimal digits, got {value[:80]!r}")


def _name(tenant: str, upload_id: str) -> str:
    """The partial file's name: a caller's words never become a path."""
    return hashlib.sha256(f"{tenant}\0{upload_id}".encode()).hexdigest()
