"""Changes to executions, and their new events, in one unit of work."""

from datetime import datetime
from typing import Unpack

from google.protobuf.timestamp_pb2 import Timestamp
from sqlalchemy import Connection

from cellblock.v1 import execution_pb2 as pb
from cellblock_server.journal.execution_messages import code_error_message, execution_message
from cellblock_server.journal.hub import Hub
from cellblock_server.journal.run_step_changes import RunStepChanges
from cellblock_server.journal.run_step_place import StepPlace
from cellblock_server.journal.tracked import Tracked, TrackedExecution
from cellblock_server.store.executions import insert_events, insert_execution, update_execution
from cellblock_server.store.record_fields import ExecutionFields, with_execution_fields
from cellblock_server.store.records import CodeError, ExecutionRecord, ExecutionStatus, Failure
from cellblock_server.store.states import check_execution


class _Draft:
    """One execution as this unit of work leaves it, and its new events."""

    def __init__(self, record: ExecutionRecord, place: StepPlace | None = None) -> None:
        self.place = place
        """Run step of a new execution; None if the execution is stored already."""
        self.events: list[tuple[pb.ExecutionEvent, bytes]] = []
        self._record = record
        # Counted apart: events are too frequent for a new record each.
        self._sequence = record.last_sequence
        self._bytes = record.record_bytes

    @property
    def record(self) -> ExecutionRecord:
        """The execution, with all changes so far."""
        # Both: the last event holds the record as it is before that event's own size counts.
        counted = self._record.last_sequence, self._record.record_bytes
        if counted != (self._sequence, self._bytes):
            self._record = with_execution_fields(
                self._record, last_sequence=self._sequence, record_bytes=self._bytes
            )
        return self._record

    def change(self, **fields: Unpack[ExecutionFields]) -> None:
        """Change fields other than those that are counted."""
        self._record = with_execution_fields(self._record, **fields)

    def append(self, event: pb.ExecutionEvent, time: Timestamp) -> None:
        """Add an event with the next number."""
        self._sequence += 1
        event.execution_id = self._record.id
        event.sequence = self._sequence
        event.time.CopyFrom(time)
        if event.HasField("completed"):
            event.completed.execution.CopyFrom(execution_message(self.record, with_code=False))
        payload = event.SerializeToString()
        self._bytes += len(payload)
        self.events.append((event, payload))


class ExecutionChanges:
    """Changes to executions: each is checked now, and seen by others once it is stored."""

    def __init__(self, now: datetime, run_steps: RunStepChanges) -> None:
        """Start without a change; `run_steps` are those of the same unit of work."""
        self._now = now
        self._timestamp = Timestamp()
        self._timestamp.FromDatetime(now)
        self._run_steps = run_steps
        self._drafts: dict[TrackedExecution, _Draft] = {}
        self._started: list[TrackedExecution] = []
        self._ended: list[TrackedExecution] = []
        self.claims: dict[str, tuple[int, int]] = {}
        """See `Stored.claims`."""

    def accept(self, record: ExecutionRecord, place: StepPlace) -> TrackedExecution:
        """Store a new execution, and its run step if that is new.

        The transaction raises IntegrityError if its id is taken, and what `run_steps.place` does.
        """
        execution = Tracked(record)
        self._drafts[execution] = _Draft(record, place)
        return execution

    def append(self, execution: TrackedExecution, event: pb.ExecutionEvent) -> None:
        """Append an event with the next number to an execution."""
        self._draft(execution).append(event, self._timestamp)

    def append_code(self, execution: TrackedExecution, code: str) -> None:
        """Append the next piece of an execution's code."""
        draft = self._draft(execution)
        draft.change(code=draft.record.code + code)
        self.append(execution, pb.ExecutionEvent(code=pb.Text(text=code)))

    def queue(self, execution: TrackedExecution, position: int) -> None:
        """Report that an execution waits, and how many are before it.

        Raises ForbiddenTransitionError.
        """
        if self._draft(execution).record.status is not ExecutionStatus.QUEUED:
            self._set_status(execution, ExecutionStatus.QUEUED)
        self.append(execution, pb.ExecutionEvent(queued=pb.Queued(position=position)))

    def start(self, execution: TrackedExecution, started: pb.Started) -> None:
        """Report that the kernel runs an execution's code. Raises ForbiddenTransitionError."""
        draft = self._set_status(execution, ExecutionStatus.RUNNING)
        draft.change(start_time=self._now)
        self._started.append(execution)
        self.append(execution, pb.ExecutionEvent(started=started))

    def raise_error(self, execution: TrackedExecution, error: CodeError) -> None:
        """Report the exception that ends an execution's code."""
        draft = self._draft(execution)
        draft.change(error=error)
        self.append(execution, pb.ExecutionEvent(error=code_error_message(error)))

    def request_cancel(self, execution: TrackedExecution) -> None:
        """Note that an execution is to be interrupted, by this server or the next."""
        draft = self._draft(execution)
        draft.change(cancel_requested=True)

    def set_execution_count(self, execution: TrackedExecution, execution_count: int) -> None:
        """Note the kernel's number of an execution, as in `In [1]`."""
        draft = self._draft(execution)
        draft.change(execution_count=execution_count)

    def finish(
        self,
        execution: TrackedExecution,
        status: ExecutionStatus,
        failure: Failure | None = None,
        claim: tuple[int, int] | None = None,
    ) -> None:
        """End an execution with its last event. `claim`: see `Stored.claims`.

        Raises ForbiddenTransitionError.
        """
        draft = self._set_status(execution, status)
        draft.change(
            failure=failure,
            end_time=self._now,
            environment=dict.fromkeys(draft.record.environment, ""),
        )
        self._ended.append(execution)
        if claim is not None:
            self.claims[draft.record.id] = claim
        self.append(execution, pb.ExecutionEvent(completed=pb.Completed()))

    @property
    def accepted(self) -> list[ExecutionRecord]:
        """Executions that are new."""
        return [draft.record for draft in self._drafts.values() if draft.place is not None]

    @property
    def started(self) -> list[ExecutionRecord]:
        """Executions whose code began to run."""
        return [self._drafts[execution].record for execution in self._started]

    @property
    def ended(self) -> list[ExecutionRecord]:
        """Executions that ended."""
        return [self._drafts[execution].record for execution in self._ended]

    @property
    def event_bytes(self) -> int:
        """Size of all new events."""
        return sum(
            len(payload) for draft in self._drafts.values() for _event, payload in draft.events
        )

    def write(self, connection: Connection) -> None:
        """Store the executions, then their events, as part of a transaction."""
        for execution, draft in self._drafts.items():
            if draft.place is None:
                update_execution(connection, execution.record, draft.record)
            else:
                step_id = self._run_steps.write(connection, draft.place)
                draft.change(step_id=step_id)
                insert_execution(connection, draft.record)
        for draft in self._drafts.values():
            if draft.events:
                rows = [(event.sequence, payload) for event, payload in draft.events]
                insert_events(connection, draft.record, rows)

    def publish(self) -> None:
        """Replace the records in memory."""
        for execution, draft in self._drafts.items():
            execution.publish(draft.record)

    def wake_watchers(self, hub: Hub) -> None:
        """Give watchers the new events."""
        for draft in self._drafts.values():
            if draft.events:
                name = draft.record.tenant, draft.record.id
                hub.add(name, [(event, len(payload)) for event, payload in draft.events])

    def _draft(self, execution: TrackedExecution) -> _Draft:
        draft = self._drafts.get(execution)
        if draft is None:
            draft = self._drafts[execution] = _Draft(execution.record)
        return draft

    def _set_status(self, execution: TrackedExecution, status: ExecutionStatus) -> _Draft:
        draft = self._draft(execution)
        check_execution(draft.record.status, status)
        draft.change(status=status)
        return draft
