"""Recorder of an agent's events in the journal: stores files and images first, then the events."""

from collections.abc import Sequence

from google.protobuf.json_format import MessageToDict

from cellblock.agent.v1 import agent_pb2 as agent_pb
from cellblock.v1 import execution_pb2 as pb
from cellblock_server.agent.connection import AgentConnection
from cellblock_server.files.capture import Capture, Captured, Change, Deleted, Skipped
from cellblock_server.files.messages import file_message
from cellblock_server.journal.journal import Journal
from cellblock_server.journal.tracked import TrackedExecution, TrackedSession
from cellblock_server.journal.unit_of_work import UnitOfWork
from cellblock_server.recording import translate
from cellblock_server.recording.conversation import Conversation
from cellblock_server.recording.gathering import Gathered, Gatherer
from cellblock_server.store.records import FileRecord, SessionState

MAX_BACKGROUND_CHARACTERS = 2**16
"""Maximum length of the output that is kept while no execution runs: the newest."""

MAX_BACKGROUND_CHANGES = 100
"""Maximum number of changes to files that are kept while no execution runs: the newest."""

UNKNOWN_RESTART = "the kernel was replaced for an unknown reason: a restart was interrupted"
"""Reason of a memory loss that only the kernel's number shows."""


class Recorder:
    """Records the events of one session."""

    def __init__(
        self,
        session: TrackedSession,
        agent: AgentConnection,
        journal: Journal,
        capture: Capture,
        limits: agent_pb.OutputLimits,
    ) -> None:
        """Record the events of `agent` in `session`, whose executions were given `limits`."""
        self._conversation = Conversation(limits, session.record.acknowledged_sequence)
        self._session = session
        self._journal = journal
        self._capture = capture
        self._gatherer = Gatherer(session.record, agent, capture)

    async def record(
        self, batch: Sequence[agent_pb.Event], current: TrackedExecution | None, *, more: bool
    ) -> bool:
        """Store a batch of events in one transaction. Return whether `current` has ended.

        If another execution waits (`more`), the session stays busy. Raises ProtocolViolationError.
        """
        record = None if current is None else current.record
        then = self._conversation.follow(batch, record)
        with self._capture.hold_blobs() as hold:
            gathered = [await self._gatherer.gather(hold, event, record) for event in batch]
            ended = await self._store(gathered, current, more=more)
        self._conversation = then
        for item in gathered:
            self._gatherer.recorded(item)
        return ended

    async def _store(
        self, gathered: Sequence[Gathered], current: TrackedExecution | None, *, more: bool
    ) -> bool:
        session = self._session
        async with self._journal.transaction() as change:
            ended = False
            background: list[pb.FileChange] = []
            for item in gathered:
                if item.event.execution_id and current is not None:
                    self._add(change, current, item)
                    ended = ended or item.event.HasField("execution_finished")
                self._follow_kernel(change, item.event)
                if item.event.HasField("background_changes"):
                    background += [_file_change(change, one) for one in item.changes]
            if background:
                added = map(MessageToDict, background)
                kept = [*session.record.background_changes, *added][-MAX_BACKGROUND_CHANGES:]
                change.sessions.keep_background_changes(session, kept)
            if late := "".join(_late_text(item.event) for item in gathered):
                text = (session.record.background_output + late)[-MAX_BACKGROUND_CHARACTERS:]
                change.sessions.keep_background_output(session, text)
            if ended and not more:
                change.sessions.set_state(session, SessionState.READY)
            change.sessions.acknowledge(session, gathered[-1].event.sequence)
        return ended

    def _follow_kernel(self, change: UnitOfWork, event: agent_pb.Event) -> None:
        """Note a kernel that replaced another one, as far as an event shows it."""
        if event.HasField("kernel_restarted"):
            restarted = translate.restarted(event.kernel_restarted)
            generation, reason = restarted.kernel_generation, restarted.reason
            change.sessions.lose_memory(self._session, generation, reason, event.execution_id)
        elif event.HasField("execution_started"):
            runs = translate.started(event.execution_started).kernel_generation
            if runs > change.sessions.after(self._session).kernel_generation:
                change.sessions.lose_memory(self._session, runs, UNKNOWN_RESTART)

    def _add(self, change: UnitOfWork, current: TrackedExecution, item: Gathered) -> None:
        event = item.event
        match event.WhichOneof("event"):
            case "execution_started":
                change.executions.start(current, translate.started(event.execution_started))
                change.sessions.set_state(self._session, SessionState.BUSY)
            case "stream_text":
                for text in translate.text_events(event.stream_text):
                    change.executions.append(current, text)
            case "rich" if item.image is not None:
                change.files.add(item.image)
                change.executions.append(current, _image_event(event.rich, item.image))
            case "rich":
                if item.image_refused:
                    note = pb.Text(text=f"[image not kept: {item.image_refused}]\n")
                    change.executions.append(current, pb.ExecutionEvent(stderr=note))
                change.executions.append(current, translate.rich_event(event.rich))
            case "clear_output":
                cleared = pb.OutputCleared(wait=event.clear_output.wait)
                change.executions.append(current, pb.ExecutionEvent(output_cleared=cleared))
            case "error":
                change.executions.raise_error(current, translate.code_error(event.error))
            case "output_cut":
                change.executions.append(current, translate.cut_event(event.output_cut))
            case "kernel_restarted":
                restarted = translate.restarted(event.kernel_restarted)
                change.executions.append(current, pb.ExecutionEvent(kernel_restarted=restarted))
            case "execution_finished":
                self._finish(change, current, item)

    def _finish(self, change: UnitOfWork, current: TrackedExecution, item: Gathered) -> None:
        for one in item.changes:
            message = _file_change(change, one)
            if message.HasField("file"):
                change.executions.append(current, pb.ExecutionEvent(file=message.file))
            else:
                change.executions.append(current, pb.ExecutionEvent(file_deleted=message.deleted))
        if item.output is not None:
            output = _generated(change, item.output)
            output.is_full_output = True
            change.executions.append(current, pb.ExecutionEvent(file=output))
        finished = item.event.execution_finished
        status, failure = translate.end_of(finished)
        change.executions.set_execution_count(current, finished.execution_count)
        claim = finished.kernel_begin_nanos, finished.kernel_end_nanos
        change.executions.finish(current, status, failure, claim)
        change.sessions.finish_execution(self._session, current.record.id)


def _file_change(change: UnitOfWork, one: Change) -> pb.FileChange:
    """Store the metadata of a file that changed. Return the change as a message."""
    match one:
        case Captured(file, renamed_from):
            generated = _generated(change, file)
            generated.renamed_from = renamed_from
            return pb.FileChange(file=generated)
        case Skipped():
            return pb.FileChange(file=_generated(change, one))
        case Deleted(path):
            return pb.FileChange(deleted=pb.FileDeleted(path=path))


def _generated(change: UnitOfWork, file: FileRecord | Skipped) -> pb.GeneratedFile:
    if isinstance(file, Skipped):
        return pb.GeneratedFile(path=file.path, skipped_reason=file.reason)
    change.files.add(file)
    return pb.GeneratedFile(file=file_message(file), path=file.path)


def _late_text(event: agent_pb.Event) -> str:
    """Return an event's text if it belongs to no execution."""
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
