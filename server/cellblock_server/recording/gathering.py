"""Stores the files and images of an agent's events before the events are recorded."""

from dataclasses import dataclass, field

from cellblock.agent.v1 import agent_pb2 as agent_pb
from cellblock_server.agent.checks import (
    ProtocolViolationError,
    check_count,
    check_entry,
)
from cellblock_server.agent.connection import AgentConnection
from cellblock_server.blobs.blob_store import BlobHold
from cellblock_server.common.errors import NotFoundError, OutOfRangeError, QuotaError
from cellblock_server.files.capture import Capture, CaptureBounds, Change, Owner, Skipped
from cellblock_server.recording import translate
from cellblock_server.store.records import ExecutionRecord, FileRecord, SessionRecord


@dataclass
class Gathered:
    """An agent's event with its bytes stored, ready for the transaction."""

    event: agent_pb.Event
    image: FileRecord | None = None
    image_refused: str = ""
    """Reason why an image was not stored."""
    changes: list[Change] = field(default_factory=list)
    output: FileRecord | Skipped | None = None


class Gatherer:
    """Stores the files and images of one session's events."""

    def __init__(self, session: SessionRecord, agent: AgentConnection, capture: Capture) -> None:
        """Fetch from `agent`, store with `capture`."""
        self._session = session
        self._agent = agent
        self._capture = capture
        self._last_execution_id = session.last_execution_id
        self._background = capture.bounds
        """Remaining bounds of files that are written until the next execution."""

    async def gather(
        self, hold: BlobHold, event: agent_pb.Event, current: ExecutionRecord | None
    ) -> Gathered:
        """Store an event's bytes, which `hold` protects from deletion.

        Raises ProtocolViolationError.
        """
        if event.HasField("background_changes"):
            # A process that the last execution left behind wrote them.
            owner = self._owner(self._last_execution_id)
            changes = event.background_changes
            stored = await self._changes(hold, owner, changes, self._background)
            return Gathered(event, changes=stored)
        if current is None or not event.execution_id:
            return Gathered(event)
        owner = self._owner(current.id)
        match event.WhichOneof("event"):
            case "rich":
                return await self._image(hold, owner, event)
            case "execution_finished":
                self._last_execution_id = current.id
                changes = event.execution_finished.changes
                stored = await self._changes(hold, owner, changes, self._capture.bounds)
                gathered = Gathered(event, changes=stored)
                if claimed := event.execution_finished.kept_output_bytes:
                    gathered.output = await self._output(hold, owner, current.ordinal, claimed)
                return gathered
        return Gathered(event)

    def recorded(self, gathered: Gathered) -> None:
        """Count an event that has been recorded."""
        if gathered.event.HasField("execution_finished"):
            self._background = self._capture.bounds
        elif gathered.event.HasField("background_changes"):
            self._background = self._background.less(gathered.changes)

    async def _changes(
        self, hold: BlobHold, owner: Owner, changes: agent_pb.FileChanges, bounds: CaptureBounds
    ) -> list[Change]:
        for change in changes.changed:
            check_entry(change.file)
        return await self._capture.changes(hold, owner, self._agent, changes, bounds)

    async def _image(self, hold: BlobHold, owner: Owner, event: agent_pb.Event) -> Gathered:
        found = translate.image_of(event.rich)
        if found is None:
            return Gathered(event)
        try:
            image = await self._capture.image(hold, owner, event.sequence, *found)
        except QuotaError as error:
            return Gathered(event, image_refused=error.message)
        return Gathered(event, image=image)

    async def _output(
        self, hold: BlobHold, owner: Owner, ordinal: int, claimed_bytes: int
    ) -> FileRecord | Skipped:
        check_count("size of kept output", claimed_bytes)
        try:
            return await self._capture.output(hold, owner, ordinal, self._agent, claimed_bytes)
        except (OutOfRangeError, NotFoundError) as error:
            raise ProtocolViolationError(f"output that it said it kept: {error.message}") from error

    def _owner(self, execution_id: str) -> Owner:
        return Owner(self._session.tenant, self._session.id, execution_id)
