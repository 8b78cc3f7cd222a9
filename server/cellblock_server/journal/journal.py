"""The journal: every event is stored before anybody sees it, and numbered here."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial

from google.protobuf.timestamp_pb2 import Timestamp
from sqlalchemy import Connection

from cellblock.v1 import execution_pb2 as pb
from cellblock_server.common.clock import Clock
from cellblock_server.common.waiting import set_within
from cellblock_server.journal.execution_messages import execution_message
from cellblock_server.journal.hub import Hub
from cellblock_server.journal.observers import Observer, Stored
from cellblock_server.journal.run_step_place import StepPlace
from cellblock_server.store import run_steps
from cellblock_server.store.cpu import add_cpu
from cellblock_server.store.database import Database
from cellblock_server.store.executions import (
    ExecutionStore,
    insert_events,
    insert_execution,
    update_execution,
)
from cellblock_server.store.files import insert_file
from cellblock_server.store.ledger import Use, add_uses, hour_of, mark_counted, uses_of
from cellblock_server.store.records import (
    ExecutionRecord,
    ExecutionStatus,
    Failure,
    FileRecord,
    SessionRecord,
    SessionState,
)
from cellblock_server.store.sessions import update_session
from cellblock_server.store.states import SESSION_ENDS, check_execution, check_session

WATCH_BATCH = 64
"""How many events a watcher holds in memory at most."""
WATCH_BYTES = 2**18
"""How many bytes of them, and how many are sent in one message, but for an event that is larger."""
QUEUED_SECONDS = 0.01
"""How long the word that an execution waits is kept for what comes next, and told with it."""


class Journal:
    """Appends events in transactions and reads them back."""

    def __init__(
        self,
        database: Database,
        executions: ExecutionStore,
        now: Clock,
        steady: Clock,
        observers: Sequence[Observer] = (),
    ) -> None:
        """Keep the journal in `database`; `observers` are told of what has been stored.

        `steady` is for the times by which sessions expire.
        """
        self._observers = observers
        self._database = database
        self._executions = executions
        self._now = now
        self._steady = steady
        self._hub = Hub()
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["JournalTransaction"]:
        """A block whose changes are stored together, then seen by watchers.

        If storing fails, or its caller is cancelled before it is done, nothing of it is,
        and the records are as before. What the store refuses is raised at the block's end.
        """
        # What a block reads of the records must still be so when its changes are stored.
        async with self._turn:
            transaction = JournalTransaction(self._now, self._steady)
            yield transaction
            await self._database.write(transaction.write, partial(self._publish, transaction))

    def _publish(self, transaction: "JournalTransaction") -> None:
        """At once: the records must never lag behind what is stored, nor run ahead of it."""
        transaction.publish(self._hub)
        transaction.follow_up()
        # Watchers, who have been woken, come first.
        asyncio.get_running_loop().call_soon(self._tell, transaction.stored)

    def _tell(self, stored: Stored) -> None:
        for observer in self._observers:
            observer(stored)

    async def read(self, record: ExecutionRecord) -> AsyncIterator[pb.ExecutionEvent]:
        """An execution's events up to its last one in `record`."""
        wanted = 1
        while wanted <= record.last_sequence:
            rows = await self._executions.events(record, wanted, WATCH_BATCH, WATCH_BYTES)
            for sequence, payload in rows:
                if sequence > record.last_sequence:
                    return
                yield pb.ExecutionEvent.FromString(payload)
                wanted = sequence + 1
            if not rows:
                return  # forgotten meanwhile

    async def watch(
        self, execution: ExecutionRecord, from_sequence: int
    ) -> AsyncIterator[list[pb.ExecutionEvent]]:
        """An execution's events from a number on, as they come, to the last one.

        Those that are there already come together, at most WATCH_BYTES but for the first; code
        that is quick has all of its events in one message.
        """
        name = execution.tenant, execution.id
        recent = self._hub.recent(name)
        wanted = max(1, from_sequence)
        patience = QUEUED_SECONDS
        while True:
            change = self._hub.next_change(name)
            events = recent.since(wanted) if recent is not None else None
            if events is None:
                events = await self._stored(execution, wanted)
            if patience and events and events[-1].HasField("queued"):
                await set_within(change, patience)
                patience = 0.0
                continue
            for batch in _batches(events):
                yield batch
            if not events:
                await change.wait()
            elif events[-1].HasField("completed"):
                return
            else:
                wanted = events[-1].sequence + 1

    async def _stored(
        self, execution: ExecutionRecord, from_sequence: int
    ) -> list[pb.ExecutionEvent]:
        """The next events that a watcher is to have. Their bytes are let go of here."""
        rows = await self._executions.events(execution, from_sequence, WATCH_BATCH, WATCH_BYTES)
        return [pb.ExecutionEvent.FromString(payload) for _sequence, payload in rows]

    def next_change(self, tenant: str, name: str) -> asyncio.Event:
        """See `Hub.next_change`: also of a session, run or thread, when it has more run steps."""
        return self._hub.next_change((tenant, name))


def _batches(events: list[pb.ExecutionEvent]) -> Iterator[list[pb.ExecutionEvent]]:
    batch: list[pb.ExecutionEvent] = []
    size = 0
    for event in events:
        size += event.ByteSize()
        if batch and size > WATCH_BYTES:
            yield batch
            batch, size = [], event.ByteSize()
        batch.append(event)
    if batch:
        yield batch


class JournalTransaction:
    """Changes to executions and their session that are stored together."""

    def __init__(self, now: Clock, steady: Clock) -> None:
        """Use `Journal.transaction`."""
        self.now = now()
        """One time for all that is stored together."""
        self._timestamp = Timestamp()
        self._timestamp.FromDatetime(self.now)
        self.steady = steady()
        """The same by the clock that live sessions have; see `SessionRecord`."""
        self.stored = Stored()
        """What observers are told."""
        self._places: dict[str, StepPlace] = {}
        """Of executions that are new."""
        self._files: list[FileRecord] = []
        self._cpu: list[tuple[str, datetime, float]] = []
        self._uses: list[Use] = []
        self._stored_billed = False
        self._drafts: dict[str, tuple[ExecutionRecord, ExecutionRecord]] = {}
        self._events: dict[str, list[tuple[pb.ExecutionEvent, bytes]]] = {}
        self._session_changes: dict[str, tuple[SessionRecord, dict[str, object]]] = {}
        self._touched: set[tuple[str, str]] = set()
        """Tenants and ids of what watchers of run steps wait for."""
        self.follow_up: Callable[[], None] = lambda: None
        """Called when all of it is stored, before anybody else has a turn: what must follow it,
        whether or not its caller is still there."""

    def draft(self, record: ExecutionRecord) -> ExecutionRecord:
        """A copy to change; `record` takes its values once they are stored."""
        if record.id not in self._drafts:
            draft = object.__new__(ExecutionRecord)
            vars(draft).update(vars(record))
            self._drafts[record.id] = (record, draft)
        return self._drafts[record.id][1]

    def append(self, record: ExecutionRecord, event: pb.ExecutionEvent) -> None:
        """Number and append an event of an execution."""
        draft = self.draft(record)
        draft.last_sequence += 1
        event.execution_id = draft.id
        event.sequence = draft.last_sequence
        event.time.CopyFrom(self._timestamp)
        if event.HasField("completed"):
            event.completed.execution.CopyFrom(execution_message(draft, with_code=False))
        payload = event.SerializeToString()
        draft.record_bytes += len(payload)
        self.stored.event_bytes += len(payload)
        self._events.setdefault(draft.id, []).append((event, payload))

    def append_code(self, record: ExecutionRecord, code: str) -> None:
        """Append the next piece of an execution's code."""
        self.draft(record).code += code
        self.append(record, pb.ExecutionEvent(code=pb.Text(text=code)))

    def queue(self, record: ExecutionRecord, position: int) -> None:
        """Say that an execution waits, with so many before it."""
        draft = self.draft(record)
        if draft.status is not ExecutionStatus.QUEUED:
            check_execution(draft.status, ExecutionStatus.QUEUED)
            draft.status = ExecutionStatus.QUEUED
        self.append(record, pb.ExecutionEvent(queued=pb.Queued(position=position)))

    def start(self, record: ExecutionRecord) -> None:
        """Say that the kernel got an execution's code."""
        draft = self.draft(record)
        check_execution(draft.status, ExecutionStatus.RUNNING)
        draft.status = ExecutionStatus.RUNNING
        draft.start_time = self.now
        self.stored.started.append(record)

    def finish(
        self, record: ExecutionRecord, status: ExecutionStatus, failure: Failure | None = None
    ) -> None:
        """End an execution: its last event says how."""
        draft = self.draft(record)
        check_execution(draft.status, status)
        draft.status = status
        draft.failure = failure
        draft.end_time = self.now
        self.stored.ended.append(record)
        draft.environment = dict.fromkeys(draft.environment, "")
        self.append(record, pb.ExecutionEvent(completed=pb.Completed()))

    def insert(self, record: ExecutionRecord, place: StepPlace) -> None:
        """Store a new execution, and its run step if that is new.

        The block's end raises IntegrityError if its id is taken, and what
        `run_steps.place` does.
        """
        self.draft(record)
        self.stored.accepted.append(record)
        self._places[record.id] = place

    def insert_file(self, record: FileRecord) -> None:
        """Store a generated file's metadata."""
        self.stored.file_bytes += record.bytes
        self._files.append(record)

    def count_cpu(self, session: SessionRecord, seconds: float, period: datetime) -> None:
        """Count that a session has used so much CPU time so far: what is new is the period's."""
        self._cpu.append((session.tenant, period, seconds - session.cpu_seconds))
        self.change_session(session, cpu_seconds=seconds)

    def bill(
        self,
        session: SessionRecord,
        until: datetime,
        *,
        alive_until: datetime | None = None,
        egress_bytes: int = 0,
    ) -> None:
        """Count what a session used since it was billed last; it lived until `alive_until`.

        By the steady clock, as a live session's times: nobody pays for a clock that is set.
        """
        lived = until if alive_until is None else alive_until
        self._uses += uses_of(session, until, lived)
        if egress_bytes:
            self._uses.append(Use(session.tenant, hour_of(until), egress_bytes=egress_bytes))
        self.change_session(
            session,
            billed_time=max(until, session.billed_time or until),
            billed_executions=session.execution_count,
            billed_cpu_seconds=session.cpu_seconds,
        )

    def bill_stored(self, uses: Iterable[Use]) -> None:
        """Count what tenants have stored since that was billed last."""
        self._uses += uses

    def mark_stored_billed(self) -> None:
        """Say that what is stored is billed up to now."""
        self._stored_billed = True

    def change_session(self, session: SessionRecord, **values: object) -> None:
        """Change fields of the session; `session` takes them once they are stored."""
        if isinstance(state := values.get("state"), SessionState):
            check_session(session.state, state)
            if state in SESSION_ENDS:
                self.stored.ended_sessions.append(session)
        _session, changes = self._session_changes.setdefault(session.id, (session, {}))
        changes.update(values)

    def lose_memory(
        self, session: SessionRecord, generation: int, reason: str, execution_id: str = ""
    ) -> None:
        """Say that kernel `generation` took another's place, and which execution that ended."""
        self.change_session(
            session,
            kernel_generation=generation,
            memory_loss_time=self.now,
            memory_loss_message=reason,
            memory_loss_execution_id=execution_id,
        )

    def write(self, connection: Connection) -> None:
        """Write everything; called by `Journal.transaction`, in the store's thread."""
        for record, draft in self._drafts.values():
            place = self._places.get(draft.id)
            if place is None:
                update_execution(connection, record, draft)
            else:
                wanted = place.step(self.now)
                step = run_steps.place(connection, wanted, place.chosen, is_new=place.is_new)
                draft.step_id = step.id
                self._touched |= {(step.tenant, step.run_id), (step.tenant, step.thread_id)}
                insert_execution(connection, draft)
        for execution_id, events in self._events.items():
            rows = [(event.sequence, payload) for event, payload in events]
            insert_events(connection, self._drafts[execution_id][1], rows)
        for file in self._files:
            insert_file(connection, file)
        for tenant, period, seconds in self._cpu:
            add_cpu(connection, tenant, period, seconds)
        add_uses(connection, self._uses)
        if self._stored_billed:
            mark_counted(connection, self.steady)
        for session, values in self._session_changes.values():
            update_session(connection, session, values)

    def publish(self, hub: Hub) -> None:
        """Make the changes visible; called by `Journal.transaction` after the commit."""
        for record, draft in self._drafts.values():
            vars(record).update(vars(draft))
        for session, values in self._session_changes.values():
            vars(session).update(values)
        for execution_id, events in self._events.items():
            name = self._drafts[execution_id][0].tenant, execution_id
            hub.add(name, [(event, len(payload)) for event, payload in events])
        for session, values in self._session_changes.values():
            if values.keys() & {"state", "execution_count"}:
                hub.changed((session.tenant, session.id))
        for name in self._touched:
            hub.changed(name)
