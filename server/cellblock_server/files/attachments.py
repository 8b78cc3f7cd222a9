"""Attachments: stored files in a session's `/mnt/data`, under safe names."""

import asyncio
import unicodedata
from dataclasses import dataclass, replace
from weakref import WeakValueDictionary

import structlog

from cellblock.agent.v1 import agent_pb2 as agent_pb
from cellblock_server.agent.connection import AgentConnection
from cellblock_server.backends.backend import Backend
from cellblock_server.backends.sandbox import Sandbox
from cellblock_server.blobs.blob_store import BlobStore
from cellblock_server.common.errors import (
    AlreadyExistsError,
    CellblockError,
    NotFoundError,
    WrongStateError,
)
from cellblock_server.files.messages import sandbox_path
from cellblock_server.files.names import check_filename, safe_text
from cellblock_server.files.stored import StoredInput, stored_bytes
from cellblock_server.store.files import FileStore
from cellblock_server.store.records import AttachmentRecord, FileRecord

ARCHIVE_ENDINGS = (".tar.gz", ".tar.bz2", ".tar.xz", ".tgz", ".tbz2", ".txz", ".tar", ".zip")
MAX_SENT_BYTES = 16 * 2**20
"""Largest attachment that is sent to the agent; it reads larger ones among its inputs."""

HERE = "."
"""Name of an archive that is unpacked into `/mnt/data` itself."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class AttachmentBounds:
    """Limits that the operator sets."""

    small_file_bytes: int
    """Largest attachment that is copied into the session; a larger one becomes a read-only link.
    The agent may link a smaller one, and copy a larger database, in proportion to the session's
    memory."""
    max_unpacked_bytes: int
    max_unpacked_files: int
    max_unpack_ratio: int


@dataclass(frozen=True)
class WantedAttachment:
    """Request to attach a file."""

    file: FileRecord
    filename: str
    """Name in the session; empty for the file's own."""
    unpack: bool

    def name(self) -> str:
        """Return the name in `/mnt/data`. Raises InvalidArgumentError.

        It is composed (NFC), as people and models type it; macOS sends decomposed names.
        """
        name = unicodedata.normalize("NFC", self.filename or self.file.filename)
        if self.unpack and name == HERE:
            return name
        if self.unpack and not self.filename:
            name = _without_ending(name)
        return check_filename("attachment.filename", name)


@dataclass(frozen=True)
class Attached:
    """Path of an attachment, and whether it was copied."""

    path: str
    copied: bool = False
    """Whether the file was copied because linking failed."""
    unpacked: agent_pb.UnpackInputResponse | None = None


@dataclass(frozen=True)
class AttachmentTarget:
    """Session that a file is attached to."""

    tenant: str
    session_id: str
    sandbox: Sandbox
    agent: AgentConnection


class AttachmentService:
    """Attaches and detaches files."""

    def __init__(
        self, backend: Backend, store: FileStore, blobs: BlobStore, bounds: AttachmentBounds
    ) -> None:
        """Attach files of `store` and `blobs` to sandboxes of `backend`."""
        self._backend = backend
        self._store = store
        self._blobs = blobs
        self._bounds = bounds
        self._turns: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    async def attach(self, place: AttachmentTarget, wanted: WantedAttachment) -> Attached:
        """Make a file available in a sandbox.

        Attaching it again under the same name changes nothing, or restores what code has removed.
        Raises AlreadyExistsError if the name is taken.
        """
        name, file = wanted.name(), wanted.file
        async with self._turn(place):
            known = await self._store.find_attachment(place.tenant, place.session_id, file.id)
            record = AttachmentRecord(place.tenant, place.session_id, file.id, name, wanted.unpack)
            if known is not None:
                # Earlier releases stored names as they were sent.
                if replace(known, filename=unicodedata.normalize("NFC", known.filename)) != record:
                    raise AlreadyExistsError(
                        "attachment", file.id, f"is attached already, as {known.filename!r}"
                    )
                try:
                    return await self._bring_in(place, wanted, name)
                except AlreadyExistsError:
                    return Attached(sandbox_path("" if name == HERE else name))
            # Stored first: an attachment in a sandbox must be recorded, so that it can be detached.
            await self._store.attach(record)
            try:
                return await self._bring_in(place, wanted, name)
            except BaseException:
                # What may not be attached must not stay readable as an input.
                await self._withdraw_quietly(place, file.id)
                await self._store.detach(place.tenant, place.session_id, file.id)
                raise

    async def detach(self, place: AttachmentTarget, file_id: str) -> None:
        """Remove an attachment from a sandbox. Raises NotFoundError if it is not attached."""
        async with self._turn(place):
            record = await self._store.find_attachment(place.tenant, place.session_id, file_id)
            if record is None:
                raise NotFoundError("attachment", file_id)
            names = [record.filename] if record.unpacked else [record.filename, file_id]
            if record.unpacked and record.filename == HERE:
                names = []  # its files are among others
            for path in names:
                try:
                    await place.agent.remove_file(path, recursive=record.unpacked)
                except NotFoundError:
                    log.info("attachment_was_removed_in_sandbox", file_id=file_id)
            await self._backend.withdraw_input(place.sandbox.id, file_id)
            await self._store.detach(place.tenant, place.session_id, file_id)

    async def _withdraw_quietly(self, place: AttachmentTarget, file_id: str) -> None:
        """Withdraw an input that is not needed; a failure is only logged."""
        try:
            await self._backend.withdraw_input(place.sandbox.id, file_id)
        except (CellblockError, OSError):
            log.exception("input_left_behind", file_id=file_id, sandbox_id=place.sandbox.id)

    def _turn(self, place: AttachmentTarget) -> asyncio.Lock:
        """Return the session's lock: what was looked up must still be true when it is changed."""
        return self._turns.setdefault((place.tenant, place.session_id), asyncio.Lock())

    async def _bring_in(
        self, place: AttachmentTarget, wanted: WantedAttachment, name: str
    ) -> Attached:
        file, path = wanted.file, sandbox_path(name)
        if wanted.unpack:
            return await self._unpack(place, file, name)
        small = self._bounds.small_file_bytes
        if file.bytes <= min(small, MAX_SENT_BYTES):
            data = stored_bytes(self._blobs, file)
            await place.agent.write_file(name, data, exclusive=True, alias=file.id)
            return Attached(path)
        copied = await self._offer(place, file)
        if await place.agent.link_input(file.id, name, alias=file.id, max_copy_bytes=small):
            # The sandbox has its own copy.
            await self._withdraw_quietly(place, file.id)
        return Attached(path, copied)

    async def _unpack(self, place: AttachmentTarget, file: FileRecord, name: str) -> Attached:
        """Have the agent unpack the archive: a hostile archive can reach only its own sandbox."""
        copied = await self._offer(place, file)
        try:
            unpacked = await place.agent.unpack_input(
                file.id,
                "" if name == HERE else name,
                max_bytes=self._bounds.max_unpacked_bytes,
                max_entries=self._bounds.max_unpacked_files,
                max_ratio=self._bounds.max_unpack_ratio,
            )
        except WrongStateError as error:
            # The agent knows the archive only by its id.
            message = safe_text(error.message.replace(file.id, file.filename))
            raise WrongStateError(error.reason, message) from error
        finally:
            await self._backend.withdraw_input(place.sandbox.id, file.id)
        return Attached(sandbox_path("" if name == HERE else name), copied, unpacked)

    async def _offer(self, place: AttachmentTarget, file: FileRecord) -> bool:
        """Make a file readable in the sandbox's inputs; return whether it had to be copied."""
        offered = StoredInput(self._blobs, file)
        copied = await self._backend.offer_input(place.sandbox.id, offered)
        if copied and self._backend.capabilities.links_inputs:
            log.warning("attachment_copied", file_id=file.id, bytes=file.bytes)
        return copied


def _without_ending(filename: str) -> str:
    lower = filename.lower()
    for ending in ARCHIVE_ENDINGS:
        if lower.endswith(ending) and len(filename) > len(ending):
            return filename[: -len(ending)]
    return filename
