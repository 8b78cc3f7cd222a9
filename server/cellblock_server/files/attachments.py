"""Attachments: stored files in a session's `/mnt/data`, under safe names."""

import asyncio
from dataclasses import dataclass
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

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class AttachmentBounds:
    """What the operator allows."""

    small_file_bytes: int
    """Up to this size an attachment is the session's own copy; past it, a read-only link."""
    max_unpacked_bytes: int
    max_unpacked_files: int
    max_unpack_ratio: int


@dataclass(frozen=True)
class WantedAttachment:
    """What is to be attached, and how."""

    file: FileRecord
    filename: str
    """Empty for the file's own."""
    unpack: bool

    def name(self) -> str:
        """The name in `/mnt/data`. Raises InvalidArgumentError."""
        name = self.filename or self.file.filename
        if self.unpack and not self.filename:
            name = _without_ending(name)
        return check_filename("attachment.filename", name)


@dataclass(frozen=True)
class Attached:
    """Where an attachment is, and how it came there."""

    path: str
    copied: bool = False
    """Whether it was copied, because a link could not be had."""
    unpacked: agent_pb.UnpackInputResponse | None = None


@dataclass(frozen=True)
class Place:
    """The session that something is attached to."""

    tenant: str
    session_id: str
    sandbox: Sandbox
    agent: AgentConnection


class AttachmentService:
    """Attaches and detaches files."""

    def __init__(
        self, backend: Backend, store: FileStore, blobs: BlobStore, bounds: AttachmentBounds
    ) -> None:
        """Attach what `store` and `blobs` keep to sandboxes of `backend`."""
        self._backend = backend
        self._store = store
        self._blobs = blobs
        self._bounds = bounds
        self._turns: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    async def attach(self, place: Place, wanted: WantedAttachment) -> Attached:
        """Make a file available in a sandbox.

        Attaching it again under the same name changes nothing, or brings back what code
        has removed. Raises AlreadyExistsError if the name is taken.
        """
        name, file = wanted.name(), wanted.file
        async with self._turn(place):
            known = await self._store.find_attachment(place.tenant, place.session_id, file.id)
            record = AttachmentRecord(place.tenant, place.session_id, file.id, name, wanted.unpack)
            if known is not None:
                if known != record:
                    raise AlreadyExistsError(
                        "attachment", file.id, f"is attached already, as {known.filename!r}"
                    )
                try:
                    return await self._bring_in(place, wanted, name)
                except AlreadyExistsError:
                    return Attached(sandbox_path(name))
            # Remembered first: what is in a sandbox must be known to be detached.
            await self._store.attach(record)
            try:
                return await self._bring_in(place, wanted, name)
            except BaseException:
                await self._withdraw_refused(place, file)
                await self._store.detach(place.tenant, place.session_id, file.id)
                raise

    async def detach(self, place: Place, file_id: str) -> None:
        """Remove an attachment from a sandbox. Raises NotFoundError if it is not attached."""
        async with self._turn(place):
            record = await self._store.find_attachment(place.tenant, place.session_id, file_id)
            if record is None:
                raise NotFoundError("attachment", file_id)
            names = [record.filename] if record.unpacked else [record.filename, file_id]
            for path in names:
                try:
                    await place.agent.remove_file(path, recursive=record.unpacked)
                except NotFoundError:
                    log.info("attachment_was_removed_in_sandbox", file_id=file_id)
            await self._backend.withdraw_input(place.sandbox.id, file_id)
            await self._store.detach(place.tenant, place.session_id, file_id)

    async def _withdraw_refused(self, place: Place, file: FileRecord) -> None:
        """Remove the input of a file that could not be attached."""
        try:
            await self._backend.withdraw_input(place.sandbox.id, file.id)
        except CellblockError as error:
            log.warning("refused_attachment_not_withdrawn", file_id=file.id, error=str(error))

    def _turn(self, place: Place) -> asyncio.Lock:
        """One at a time in a session: what is looked up must still hold when it is changed."""
        return self._turns.setdefault((place.tenant, place.session_id), asyncio.Lock())

    async def _bring_in(self, place: Place, wanted: WantedAttachment, name: str) -> Attached:
        file, path = wanted.file, sandbox_path(name)
        if wanted.unpack:
            return await self._unpack(place, file, name)
        if file.bytes <= self._bounds.small_file_bytes:
            data = stored_bytes(self._blobs, file)
            await place.agent.write_file(name, data, exclusive=True, alias=file.id)
            return Attached(path)
        copied = await self._offer(place, file)
        await place.agent.link_input(file.id, name, alias=file.id)
        return Attached(path, copied)

    async def _unpack(self, place: Place, file: FileRecord, name: str) -> Attached:
        """Let the agent unpack: what a hostile archive can reach is its own sandbox's."""
        copied = await self._offer(place, file)
        try:
            unpacked = await place.agent.unpack_input(
                file.id,
                name,
                max_bytes=self._bounds.max_unpacked_bytes,
                max_entries=self._bounds.max_unpacked_files,
                max_ratio=self._bounds.max_unpack_ratio,
            )
        except WrongStateError as error:
            # The agent knows the archive by its id only.
            message = safe_text(error.message.replace(file.id, file.filename))
            raise WrongStateError(error.reason, message) from error
        finally:
            await self._backend.withdraw_input(place.sandbox.id, file.id)
        return Attached(sandbox_path(name), copied, unpacked)

    async def _offer(self, place: Place, file: FileRecord) -> bool:
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
