"""Turns what an agent says into journal entries: bytes to the file store, then the events."""

from collections.abc import Sequence

from google.protobuf.json_format import MessageToDict

from cellblock.agent.v1 import agent_pb2 as agent_pb
from cellblock.v1 import execution_pb2 as pb
from cellblock_server.agent.connection import AgentConnection
from cellblock_server.files.capture import Capture, Captured, Change, Deleted, Skipped
from cellblock_server.files.messages import file_message
from cellblock_server.journal.execution_messages import code_error_message
from cellblock_server.journal.journal import Journal, JournalTransaction
from cellblock_server.recording import translate
from cellblock_server.recording.conversation import Conversation
from cellblock_server.recording.gathering import Gathered, Gatherer
from cellblock_server.store.records import (
    ExecutionRecord,
    FileRecord,
    SessionRecord,
    SessionState,
)

MAX_BACKGROUND_CHARACTERS = 2**16
"""Of what is written while no execution runs, the newest is kept."""

MAX_BACKGROUND_CHANGES = 100
"""Of what changes while no execution runs, the newest is kept."""

UNTOLD = "the kernel was replaced, and nobody was told why: a restart was broken off"
"""Why memory is lost when only the kernel's number says so."""


class Recorder:
    """Records the events of one session."""

    def __init__(
        self,
        session: SessionRecord,
        agent: AgentConnection,
        journal: Journal,
        capture: Capture,
        limits: agent_pb.OutputLimits,
    ) -> None:
        """Record what `agent` says of `session`; its executions were given `limits`."""
        self._conversation = Conversation(limits, session.acknowledged_sequence)
        self._session = session
        self._journal = journal
        self._capture = capture
        self._gatherer = Gatherer(session, agent, capture)

    async def record(
        self, batch: Sequence[agent_pb.Event], current: ExecutionRecord | None, *, more: bool
    ) -> bool:
        """Store a batch of events in one transaction; whether `current` has ended.

        `more` says whether another execution waits: the session stays busy then.
        Raises ProtocolViolationError.
        """
        then = self._conversation.follow(batch, current)
        with self._capture.hold() as hold:
            gathered = [await self._gatherer.gather(hold, event, current) for event in batch]
            ended = await self._store(gathered, current, more=more)
        self._conversation = then
        for item in gathered:
            self._gatherer.recorded(item)
        return ended

    async def _store(
        self, gathered: Sequence[Gathered], current: ExecutionRecord | None, *, more: bool
    ) -> bool:
        async with self._journal.transaction() as transaction:
            ended = False
            background: list[pb.FileChange] = []
            generation = self._session.kernel_generation
            for item in gathered:
                if item.event.execution_id and current is not None:
                    self._add(transaction, current, item)
                    ended = ended or item.event.HasField("execution_finished")
                generation = self._follow_kernel(transaction, item.event, generation)
                if item.event.HasField("background_changes"):
                    background += [_change(transaction, change) for change in item.changes]
            if background:
                added = map(MessageToDict, background)
                changes = [*self._session.background_changes, *added][-MAX_BACKGROUND_CHANGES:]
                transaction.change_session(self._session, background_changes=changes)
            if late := "".join(_late_text(item.event) for item in gathered):
                kept = (self._session.background_output + late)[-MAX_BACKGROUND_CHARACTERS:]
                transaction.change_session(self._session, background_output=kept)
            if ended and not more:
                transaction.change_session(self._session, state=SessionState.READY)
            newest = gathered[-1].event.sequence
            transaction.change_session(self._session, acknowledged_sequence=newest)
        return ended

    def _follow_kernel(
        self, transaction: JournalTransaction, event: agent_pb.Event, generation: int
    ) -> int:
        """The kernel that runs after an event, before which it was `generation`."""
        if event.HasField("kernel_restarted"):
            restarted = translate.restarted(event.kernel_restarted)
            generation, reason = restarted.kernel_generation, restarted.reason
            transaction.lose_memory(self._session, generation, reason, event.execution_id)
        elif event.HasField("execution_started"):
            runs = translate.started(event.execution_started).kernel_generation
            if runs > generation:
                transaction.lose_memory(self._session, runs, UNTOLD)
                return runs
        return generation

    def _add(
        self, transaction: JournalTransaction, current: ExecutionRecord, item: Gathered
    ) -> None:
        event = item.event
        match event.WhichOneof("event"):
            case "execution_started":
                transaction.start(current)
                started = translate.started(event.execution_started)
                transaction.append(current, pb.ExecutionEvent(started=started))
                transaction.change_session(self._session, state=SessionState.BUSY)
            case "stream_text":
                for text in translate.text_events(event.stream_text):
                    transaction.append(current, text)
            case "rich" if item.image is not None:
                transaction.insert_file(item.image)
                transaction.append(current, _image_event(event.rich, item.image))
            case "rich":
                if item.image_refused:
                    note = pb.Text(text=f"[image not kept: {item.image_refused}]\n")
                    transaction.append(current, pb.ExecutionEvent(stderr=note))
                transaction.append(current, translate.rich_event(event.rich))
            case "clear_output":
                cleared = pb.OutputCleared(wait=event.clear_output.wait)
                transaction.append(current, pb.ExecutionEvent(output_cleared=cleared))
            case "error":
                error = translate.code_error(event.error)
                transaction.draft(current).error = error
                transaction.append(current, pb.ExecutionEvent(error=code_error_message(error)))
            case "output_cut":
                transaction.append(current, translate.cut_event(event.output_cut))
            case "kernel_restarted":
                restarted = translate.restarted(event.kernel_restarted)
                transaction.append(current, pb.ExecutionEvent(kernel_restarted=restarted))
            case "execution_finished":
                self._finish(transaction, current, item)

    def _finish(
        self, transaction: JournalTransaction, current: ExecutionRecord, item: Gathered
    ) -> None:
        for change in item.changes:
            message = _change(transaction, change)
            if message.HasField("file"):
                transaction.append(current, pb.ExecutionEvent(file=message.file))
            else:
                transaction.append(current, pb.ExecutionEvent(file_deleted=message.deleted))
        if item.output is not None:
            output = _generated(transaction, item.output)
            output.is_full_output = True
            transaction.append(current, pb.ExecutionEvent(file=output))
        finished = item.event.execution_finished
        status, failure = translate.end_of(finished)
        transaction.draft(current).execution_count = finished.execution_count
        transaction.finish(current, status, failure)
        claim = finished.kernel_begin_nanos, finished.kernel_end_nanos
        transaction.stored.claims[current.id] = claim
        transaction.change_session(
            self._session,
            last_use_time=transaction.steady,
            last_alive_time=transaction.steady,
            last_execution_id=current.id,
        )


def _change(transaction: JournalTransaction, change: Change) -> pb.FileChange:
    """Store a file's metadata; the change as a message."""
    match change:
        case Captured(file, renamed_from):
            generated = _generated(transaction, file)
            generated.renamed_from = renamed_from
            return pb.FileChange(file=generated)
        case Skipped():
            return pb.FileChange(file=_generated(transaction, change))
        case Deleted(path):
            return pb.FileChange(deleted=pb.FileDeleted(path=path))


def _generated(transaction: JournalTransaction, file: FileRecord | Skipped) -> pb.GeneratedFile:
    if isinstance(file, Skipped):
        return pb.GeneratedFile(path=file.path, skipped_reason=file.reason)
    transaction.insert_file(file)
    return pb.GeneratedFile(file=file_message(file), path=file.path)


def _late_text(event: agent_pb.Event) -> str:
    """Text that belongs to no execution."""
    return "" if event.execution_id else translate.plain_text(event)


def _image_event(rich: agent_pb.Rich, image: FileRecord) -> pb.ExecutionEvent:
    others = translate.rich_output(rich)
    if rich.kind == agent_pb.RICH_KIND_UPDATE:
        update = pb.DisplayUpdate(output=others, image=file_message(image))
        return pb.ExecutionEvent(display_update=update)
    return pb.ExecutionEvent(
        image=pb.Image(
            file=file_message(image),
            alternatives=others.data,
            is_result=rich.kind == agent_pb.RICH_KIND_RESULT,
            display_id=rich.display_id,
            metadata_json=others.metadata_json,
        )
    )
