"""Generated files: files that an execution left below `/mnt/data`, and its images."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import PurePosixPath

from cellblock.agent.v1 import agent_pb2 as agent_pb
from cellblock_server.agent.checks import MAX_PATH_CHARACTERS
from cellblock_server.agent.connection import AgentConnection
from cellblock_server.agent.errors import FileChangedError
from cellblock_server.blobs.blob_store import BlobHold, BlobStore
from cellblock_server.blobs.object_store import Blob
from cellblock_server.common.clock import Clock
from cellblock_server.common.errors import (
    ExhaustedError,
    NotFoundError,
    OutOfRangeError,
    QuotaError,
    WrongStateError,
)
from cellblock_server.common.ids import new_id
from cellblock_server.files.messages import sandbox_path
from cellblock_server.files.mime import HEAD_BYTES, guess_type
from cellblock_server.files.names import safe_name, safe_text
from cellblock_server.store.files import FileStore
from cellblock_server.store.records import FilePurpose, FileRecord
from cellblock_server.store.usage import Usage

EXTENSIONS = {"image/png": "png", "image/jpeg": "jpeg", "image/gif": "gif", "image/webp": "webp"}
MAX_NOTE_BYTES = 100
"""Maximum size of the agent's note, at the end of kept output, on how much is missing."""
MAX_SKIPPED = 100
"""Maximum number of skipped files of one execution that are listed."""
MAX_DELETED = 1000
"""Maximum number of deleted files of one execution that are listed."""


@dataclass(frozen=True)
class Owner:
    """Execution that generated a file, with its session and tenant."""

    tenant: str
    session_id: str
    execution_id: str


@dataclass(frozen=True)
class Captured:
    """A file that was stored."""

    file: FileRecord
    renamed_from: str
    """Earlier path in the sandbox; empty if the file was not moved."""
    is_attachment: bool = False
    """Whether it is a link to an attachment, whose bytes did not have to be fetched."""


@dataclass(frozen=True)
class Skipped:
    """A file that was not stored, and the reason."""

    path: str
    reason: str


@dataclass(frozen=True)
class Deleted:
    """A file that was deleted."""

    path: str


Change = Captured | Skipped | Deleted


@dataclass(frozen=True)
class CaptureBounds:
    """Limits on what is stored of one execution."""

    max_files: int
    max_bytes: int
    """Maximum size of all its files together."""
    max_output_bytes: int
    """Maximum size of its output."""

    def less(self, changes: Sequence[Change]) -> "CaptureBounds":
        """Return what is left of the limits after these changes have been stored."""
        stored = [change for change in changes if isinstance(change, Captured)]
        fetched = sum(change.file.bytes for change in stored if not change.is_attachment)
        return replace(
            self, max_files=self.max_files - len(stored), max_bytes=self.max_bytes - fetched
        )


class Capture:
    """Stores bytes that come out of sandboxes. Names and sizes are the sandbox's claims."""

    def __init__(
        self,
        blobs: BlobStore,
        usage: Usage,
        files: FileStore,
        bounds: CaptureBounds,
        retention: timedelta,
        now: Clock,
    ) -> None:
        """Store bytes in `blobs`, to be deleted after `retention`; the journal stores metadata.

        `files` has the attachments.
        """
        self._blobs = blobs
        self._usage = usage
        self._files = files
        self.bounds = bounds
        self._retention = retention
        self._now = now

    def hold_blobs(self) -> AbstractContextManager[BlobHold]:
        """Protect new blobs during the block, until their metadata is stored."""
        return self._blobs.hold_blobs()

    async def image(
        self, hold: BlobHold, owner: Owner, number: int, mime_type: str, data: bytes
    ) -> FileRecord:
        """Store an image that was shown. `number` is unique among the session's images.

        Raises QuotaError. It may use the disk space that is reserved for a nearly full disk.
        """
        await self._usage.check(owner.tenant, len(data))
        blob = await hold.write(_once(data), max_bytes=len(data), field="image", keep_room=False)
        name = f"image-{number}.{EXTENSIONS[mime_type]}"
        return self._record(owner, filename=name, blob=blob, mime_type=mime_type, path="")

    async def output(
        self,
        hold: BlobHold,
        owner: Owner,
        ordinal: int,
        agent: AgentConnection,
        claimed_bytes: int,
    ) -> FileRecord | Skipped:
        """Fetch and store an execution's whole output; `ordinal` is part of its name.

        Raises OutOfRangeError if the agent sends more than it was configured to keep.
        """
        most = self.bounds.max_output_bytes + MAX_NOTE_BYTES
        name = f"output-{ordinal}.txt"
        try:
            await self._usage.check(owner.tenant, min(claimed_bytes, most))
            chunks = agent.read_output(owner.execution_id)
            blob = await hold.write(chunks, max_bytes=most, field="output")
        except (QuotaError, ExhaustedError) as error:
            return Skipped("", error.message)
        return self._record(owner, filename=name, blob=blob, mime_type="text/plain", path="")

    async def changes(
        self,
        hold: BlobHold,
        owner: Owner,
        agent: AgentConnection,
        changes: agent_pb.FileChanges,
        bounds: CaptureBounds,
    ) -> list[Change]:
        """Fetch and store changed files, up to the limits; files that are not stored are listed."""
        results: list[Change] = []
        left = bounds
        added = 0
        for number, change in enumerate(changes.changed):
            if left.max_files <= 0:
                rest = len(changes.changed) - number
                reason = f"{rest} files more than {self.bounds.max_files} of one execution"
                results.append(Skipped(_printable(change.file.path), reason))
                break
            result = await self._fetch(hold, owner, agent, change, left, added)
            left = left.less([result])
            if isinstance(result, Captured):
                added += result.file.bytes
            results.append(result)
        results.extend(
            Skipped(_printable(item.path), safe_text(item.reason))
            for item in changes.skipped[:MAX_SKIPPED]
        )
        results.extend(Deleted(_printable(path)) for path in changes.deleted[:MAX_DELETED])
        return results

    async def _fetch(
        self,
        hold: BlobHold,
        owner: Owner,
        agent: AgentConnection,
        change: agent_pb.ChangedFile,
        left: CaptureBounds,
        uncounted: int,
    ) -> Captured | Skipped:
        """Store one file within what is `left` of the limits.

        The tenant's usage lacks `uncounted` bytes of files that are stored with this one.
        """
        path = change.file.path
        if (
            # A further link to an attachment has bytes of its own, within the limits.
            change.input
            and change.renamed_from
            and (linked := await self._linked(hold, owner, change, uncounted)) is not None
        ):
            return linked
        too_big = Skipped(
            _printable(path), f"past {self.bounds.max_bytes} bytes of files of one execution"
        )
        # The size is a claim; the bytes received are bounded, too.
        if change.file.bytes > left.max_bytes:
            return too_big
        try:
            await self._usage.check(owner.tenant, change.file.bytes, uncounted=uncounted)
            chunks = agent.read_file(path, unchanged=True)
            blob = await hold.write(chunks, max_bytes=left.max_bytes, field="file")
            if blob.size > change.file.bytes:
                # More than it claimed: the file has grown, or the claim was false.
                await self._usage.check(owner.tenant, blob.size, uncounted=uncounted)
        except OutOfRangeError:
            return too_big
        except NotFoundError:
            return Skipped(_printable(path), "removed before it was read")
        except (FileChangedError, WrongStateError, QuotaError, ExhaustedError) as error:
            reason = error.message.removeprefix(f"{path} ")
            return Skipped(_printable(path), safe_text(reason))
        filename = safe_name(PurePosixPath(path).name)
        mime_type = guess_type(filename, await self._head(blob))
        record = self._record(
            owner, filename=filename, blob=blob, mime_type=mime_type, path=_printable(path)
        )
        before = change.renamed_from
        return Captured(record, _printable(before) if before else "")

    async def _linked(
        self, hold: BlobHold, owner: Owner, change: agent_pb.ChangedFile, uncounted: int
    ) -> Captured | Skipped | None:
        """Store a moved attachment without its bytes, which the server has.

        That it is one is the agent's claim: it must be attached to the session. Return None if it
        is not, or is deleted, so that the bytes have to come from the sandbox.
        """
        attached = await self._attached(owner, change.input)
        if attached is None:
            return None
        await hold.keep_stored(attached.sha256)
        if await self._attached(owner, change.input) is None:
            return None
        path = _printable(change.file.path)
        try:
            await self._usage.check(owner.tenant, attached.bytes, uncounted=uncounted)
        except QuotaError as error:
            return Skipped(path, error.message)
        record = self._record(
            owner,
            filename=safe_name(PurePosixPath(change.file.path).name),
            blob=Blob(attached.sha256, attached.bytes),
            mime_type=attached.mime_type,
            path=path,
        )
        before = change.renamed_from
        return Captured(record, _printable(before) if before else "", is_attachment=True)

    async def _attached(self, owner: Owner, file_id: str) -> FileRecord | None:
        if await self._files.find_attachment(owner.tenant, owner.session_id, file_id) is None:
            return None
        return await self._files.find_file(owner.tenant, file_id)

    async def _head(self, blob: Blob) -> bytes:
        return b"".join([chunk async for chunk in self._blobs.read(blob, 0, HEAD_BYTES)])

    def _record(
        self, owner: Owner, *, filename: str, blob: Blob, mime_type: str, path: str
    ) -> FileRecord:
        now = self._now()
        return FileRecord(
            id=new_id("file-"),
            tenant=owner.tenant,
            filename=filename,
            bytes=blob.size,
            mime_type=mime_type,
            sha256=blob.sha256,
            purpose=FilePurpose.ASSISTANTS_OUTPUT,
            create_time=now,
            session_id=owner.session_id,
            execution_id=owner.execution_id,
            path=path,
            expire_time=now + self._retention,
        )


def _printable(path: str) -> str:
    parts = PurePosixPath(path[:MAX_PATH_CHARACTERS]).parts
    return sandbox_path("/".join(safe_name(part) for part in parts))


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data
