"""Use cases of stored files: upload, read and delete them; attach them to sessions."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from cellblock_server.app.draining import end_when_draining
from cellblock_server.common.uninterrupted import uninterrupted
from cellblock_server.files.attachments import (
    Attached,
    AttachmentService,
    AttachmentTarget,
    WantedAttachment,
)
from cellblock_server.files.file_service import FileService
from cellblock_server.files.names import safe_text
from cellblock_server.files.uploads import Received, Upload, UploadProgress, UploadService
from cellblock_server.sessions.manager import SessionManager
from cellblock_server.store.records import FileFilter, FileRecord, Page

MAX_SKIPPED = 100
"""Entries of an archive that are named because they were left out."""


@dataclass(frozen=True)
class SkippedEntry:
    """An entry of an archive that was left out, and why."""

    path: str
    reason: str


@dataclass(frozen=True)
class UnpackedArchive:
    """Result of unpacking an archive in a sandbox."""

    files: int
    bytes: int
    skipped: list[SkippedEntry]


@dataclass(frozen=True)
class AttachedFile:
    """Location of an attachment in a session."""

    path: str
    copied: bool
    """Whether it was copied on the host, because it could not be linked."""
    unpacked: UnpackedArchive | None


class FileUseCases:
    """Stores, returns and deletes the files of a tenant.

    All of them raise NotFoundError for what another tenant owns.
    """

    def __init__(
        self,
        files: FileService,
        uploads: UploadService,
        attachments: AttachmentService,
        sessions: SessionManager,
    ) -> None:
        """Serve `files` and `uploads`; attach files to `sessions`."""
        self._files = files
        self._uploads = uploads
        self._attachments = attachments
        self._sessions = sessions

    async def upload(self, tenant: str, upload: Upload, received: Received) -> FileRecord:
        """Store a file.

        The caller can resume an upload with an id: the latest stream of it takes over.
        """
        if upload.upload_id:
            end_when_draining()
        return await self._uploads.upload(tenant, upload, received)

    async def upload_progress(self, tenant: str, upload_id: str) -> UploadProgress:
        """Return how much of an upload has been received."""
        return await self._uploads.progress(tenant, upload_id)

    async def get(self, tenant: str, file_id: str) -> FileRecord:
        """Return a file's metadata."""
        return await self._files.get(tenant, file_id)

    async def list(
        self, tenant: str, wanted: FileFilter, size: int, token: str
    ) -> Page[FileRecord]:
        """Return a page of files, in order of their time."""
        return await self._files.list(tenant, wanted, size, token)

    async def read(
        self, tenant: str, file_id: str, offset: int, length: int
    ) -> tuple[FileRecord, AsyncIterator[bytes]]:
        """Return a file's metadata, and its bytes or a range of them.

        Raises OutOfRangeError past the end.
        """
        record = await self._files.get(tenant, file_id)
        return record, self._files.read(record, offset, length)

    async def delete(self, tenant: str, file_id: str) -> None:
        """Delete a file, even if the caller leaves; sessions keep attached copies."""
        await uninterrupted(self._files.delete(tenant, file_id))

    async def attach(
        self, tenant: str, session_id: str, file_id: str, filename: str, *, unpack: bool
    ) -> AttachedFile:
        """Make a file available in a session, even if the caller leaves."""
        async with self._place(tenant, session_id) as place:
            file = await self._files.get(tenant, file_id)
            wanted = WantedAttachment(file, filename, unpack)
            attached = await uninterrupted(self._attachments.attach(place, wanted))
        return _attached_file(attached)

    async def detach(self, tenant: str, session_id: str, file_id: str) -> None:
        """Remove an attachment from a session, even if the caller leaves."""
        async with self._place(tenant, session_id) as place:
            await uninterrupted(self._attachments.detach(place, file_id))

    @asynccontextmanager
    async def _place(self, tenant: str, session_id: str) -> AsyncIterator[AttachmentTarget]:
        async with self._sessions.using(tenant, session_id) as live:
            yield AttachmentTarget(live.record.tenant, live.record.id, live.sandbox, live.agent)


def _attached_file(attached: Attached) -> AttachedFile:
    """Return the location of an attachment; text from the agent is made safe."""
    if (unpacked := attached.unpacked) is None:
        return AttachedFile(attached.path, attached.copied, None)
    skipped = [
        SkippedEntry(safe_text(item.path), safe_text(item.reason))
        for item in unpacked.skipped[:MAX_SKIPPED]
    ]
    archive = UnpackedArchive(unpacked.files, unpacked.bytes, skipped)
    return AttachedFile(attached.path, attached.copied, archive)
