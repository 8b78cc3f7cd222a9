"""Generated files: what an execution left below `/mnt/data`, and its figures."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from cellblock.agent.v1 import agent_pb2 as agent_pb
from cellblock_server.clock import Clock
from cellblock_server.errors import NotFoundError, OutOfRangeError, WrongStateError
from cellblock_server.files.blobs import BlobStore
from cellblock_server.files.messages import sandbox_path
from cellblock_server.files.mime import guess_type
from cellblock_server.files.names import safe_name
from cellblock_server.ids import new_id
from cellblock_server.sandbox.agent_connection import AgentConnection
from cellblock_server.store.records import ExecutionRecord, FilePurpose, FileRecord

EXTENSIONS = {"image/png": "png", "image/jpeg": "jpeg", "image/gif": "gif", "image/webp": "webp"}
MAX_NOTE_BYTES = 100
"""What an agent may add to the output that it keeps: how much is missing."""
MAX_SKIPPED = 100
"""How many skipped files of one execution are named."""


@dataclass(frozen=True)
class Skipped:
    """A file that was not stored, and why."""

    path: str
    reason: str


@dataclass(frozen=True)
class CaptureBounds:
    """How much of one execution is stored."""

    max_files: int
    max_bytes: int
    """Of all its files together."""
    max_output_bytes: int
    """Of what it wrote to its streams."""


class Capture:
    """Stores bytes that come out of sandboxes. Names and sizes are what the sandbox claims."""

    def __init__(self, blobs: BlobStore, bounds: CaptureBounds, now: Clock) -> None:
        """Store bytes in `blobs`; metadata is the journal's to store."""
        self._blobs = blobs
        self._bounds = bounds
        self._now = now

    async def image(
        self, execution: ExecutionRecord, number: int, mime_type: str, data: bytes
    ) -> FileRecord:
        """Store an image that was shown. `number` tells it from the session's others."""
        blob = await self._blobs.write(_once(data), max_bytes=len(data), field="image")
        return self._record(
            execution,
            filename=f"image-{number}.{EXTENSIONS[mime_type]}",
            size=blob.size,
            sha256=blob.sha256,
            mime_type=mime_type,
            path="",
        )

    async def output(self, execution: ExecutionRecord, agent: AgentConnection) -> FileRecord:
        """Fetch and store all that an execution wrote to its streams.

        Raises OutOfRangeError past what the agent was told to keep: it lies.
        """
        most = self._bounds.max_output_bytes + MAX_NOTE_BYTES
        blob = await self._blobs.write(
            agent.read_output(execution.id), max_bytes=most, field="output"
        )
        return self._record(
            execution,
            filename=f"output-{execution.ordinal}.txt",
            size=blob.size,
            sha256=blob.sha256,
            mime_type="text/plain",
            path="",
        )

    async def changed(
        self,
        execution: ExecutionRecord,
        agent: AgentConnection,
        changes: agent_pb.FileChanges,
    ) -> list[FileRecord | Skipped]:
        """Fetch and store what an execution changed, up to the bounds; the rest is named."""
        results: list[FileRecord | Skipped] = []
        left = self._bounds.max_bytes
        for number, entry in enumerate(change.file for change in changes.changed):
            if number >= self._bounds.max_files:
                rest = len(changes.changed) - number
                reason = f"{rest} files more than {self._bounds.max_files} of one execution"
                results.append(Skipped(_printable(entry.path), reason))
                break
            stored = await self._fetch(execution, agent, entry.path, left)
            if isinstance(stored, FileRecord):
                left -= stored.bytes
            results.append(stored)
        skipped = changes.skipped[:MAX_SKIPPED]
        results.extend(Skipped(_printable(item.path), item.reason) for item in skipped)
        return results

    async def _fetch(
        self, execution: ExecutionRecord, agent: AgentConnection, path: str, max_bytes: int
    ) -> FileRecord | Skipped:
        chunks = agent.read_file(path)
        try:
            blob = await self._blobs.write(chunks, max_bytes=max_bytes, field="file")
        except OutOfRangeError:
            limit = self._bounds.max_bytes
            return Skipped(_printable(path), f"past {limit} bytes of files of one execution")
        except NotFoundError:
            return Skipped(_printable(path), "removed before it was read")
        except WrongStateError as error:
            return Skipped(_printable(path), error.message)
        filename = safe_name(PurePosixPath(path).name)
        return self._record(
            execution,
            filename=filename,
            size=blob.size,
            sha256=blob.sha256,
            mime_type=await self._mime_type(filename, blob.sha256),
            path=_printable(path),
        )

    async def _mime_type(self, filename: str, sha256: str) -> str:
        head = b"".join([chunk async for chunk in self._blobs.read(sha256, 0, 4096)])
        return guess_type(filename, head)

    def _record(
        self,
        execution: ExecutionRecord,
        *,
        filename: str,
        size: int,
        sha256: str,
        mime_type: str,
        path: str,
    ) -> FileRecord:
        return FileRecord(
            id=new_id("file-"),
            tenant=execution.tenant,
            filename=filename,
            bytes=size,
            mime_type=mime_type,
            sha256=sha256,
            purpose=FilePurpose.ASSISTANTS_OUTPUT,
            create_time=self._now(),
            session_id=execution.session_id,
            execution_id=execution.id,
            path=path,
        )


def _printable(path: str) -> str:
    return sandbox_path("/".join(safe_name(part) for part in PurePosixPath(path).parts))


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data
