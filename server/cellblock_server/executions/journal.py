"""The journal: every event is stored before anybody sees it, and numbered here."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from copy import copy
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from cellblock.v1 import execution_pb2 as pb
from cellblock_server.clock import Clock
from cellblock_server.executions.hub import Hub
from cellblock_server.executions.messages import execution_message
from cellblock_server.executions.place import StepPlace
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
from cellblock_server.store.records import (
    ExecutionRecord,
    ExecutionStatus,
    Failure,
    FileRecord,
    SessionRecord,
    SessionState,
)
from cellblock_server.store.sessions import update_session
from cellblock_server.store.states import check_execution, check_session
from cellblock_server.uninterrupted import uninterrupted

WATCH_BATCH = 64
"""How many events a watcher holds in memory at most."""


class Journal:
    """Appends events in transactions and reads them back."""

    def __init__(self, database: Database, executions: ExecutionStore, now: Clock) -> None:
        """Keep the journal in `database`."""
        self._database = database
        self._executions = executions
        self._now = now
        self._hub = Hub()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["JournalTransaction"]:
        """A block whose changes are stored together, then seen by watchers.

        If storing fails, or its caller is cancelled before it is done, nothing of it is,
        and the records are as before.
        """
        async with self._database.write() as connection:
            transaction = JournalTransaction(connection, self._now)
            yield transaction
            await transaction.flush()
            await uninterrupted(self._commit(connection, transaction))

    async def _commit(self, connection: AsyncConnection, transaction: "JournalTransaction") -> None:
        """In one: the records must never lag behind what is stored, nor run ahead of it."""
        await connection.commit()
        transaction.publish(self._hub)

    async def read(self, record: ExecutionRecord) -> AsyncIterator[pb.ExecutionEvent]:
        """An execution's events up to its last one in `record`."""
        wanted = 1
        while wanted <= record.last_sequence:
            rows = await self._executions.events(record, wanted, WATCH_BATCH)
            for sequence, payload in rows:
                if sequence > record.last_sequence:
                    return
                yield pb.ExecutionEvent.FromString(payload)
                wanted = sequence + 1
            if not rows:
                return  # forgotten meanwhile

    async def watch(
        self, execution: ExecutionRecord, from_sequence: int
    ) -> AsyncIterator[pb.ExecutionEvent]:
        """An execution's events from a number on, as they come, to the last one."""
        wanted = max(1, from_sequence)
        while True:
            change = self._hub.next_change((execution.tenant, execution.id))
            rows = await self._executions.events(execution, wanted, WATCH_BATCH)
            for sequence, payload in rows:
                event = pb.ExecutionEvent.FromString(payload)
                yield event
                if event.HasField("completed"):
                    return
                wanted = sequence + 1
            if not rows:
                await change.wait()

    def next_change(self, tenant: str, name: str) -> asyncio.Event:
        """See `Hub.next_change`: also of a session, run or thread, when it has more run steps."""
        return self._hub.next_change((tenant, name))


class JournalTransaction:
    """Changes to executions and their session that are stored together."""

    def __init__(self, connection: AsyncConnection, now: Clock) -> None:
        """Use `Journal.transaction`."""
        self.now = now()
        """One time for all that is stored together."""
        self._connection = connection
        self._drafts: dict[str, tuple[ExecutionRecord, ExecutionRecord]] = {}
        self._events: dict[str, list[tuple[int, bytes]]] = {}
        self._session_changes: list[tuple[SessionRecord, dict[str, object]]] = []
        self._with_code: set[str] = set()
        self._touched: set[tuple[str, str]] = set()
        """Tenants and ids of what watchers of run steps wait for."""

    def draft(self, record: ExecutionRecord) -> ExecutionRecord:
        """A copy to change; `record` takes its values once they are stored."""
        if record.id not in self._drafts:
            self._drafts[record.id] = (record, copy(record))
        return self._drafts[record.id][1]

    def append(self, record: ExecutionRecord, event: pb.ExecutionEvent) -> None:
        """Number and append an event of an execution."""
        draft = self.draft(record)
        draft.last_sequence += 1
        event.execution_id = draft.id
        event.sequence = draft.last_sequence
        event.time.FromDatetime(self.now)
        if event.HasField("completed"):
            event.completed.execution.CopyFrom(execution_message(draft, with_code=False))
        payload = event.SerializeToString()
        draft.record_bytes += len(payload)
        self._events.setdefault(draft.id, []).append((draft.last_sequence, payload))

    def append_code(self, record: ExecutionRecord, code: str) -> None:
        """Append the next piece of an execution's code."""
        self.draft(record).code += code
        self._with_code.add(record.id)
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

    def finish(
        self, record: ExecutionRecord, status: ExecutionStatus, failure: Failure | None = None
    ) -> None:
        """End an execution: its last event says how."""
        draft = self.draft(record)
        check_execution(draft.status, status)
        draft.status = status
        draft.failure = failure
        draft.end_time = self.now
        draft.environment = dict.fromkeys(draft.environment, "")
        self.append(record, pb.ExecutionEvent(completed=pb.Completed()))

    async def insert(self, record: ExecutionRecord, place: StepPlace) -> None:
        """Store a new execution, and its run step if that is new.

        At once, so that a taken id fails here (IntegrityError). See also `run_steps.place`.
        """
        step = await run_steps.place(self._connection, place.step(self.now), place.chosen)
        record.step_id = step.id
        self._touched |= {(step.tenant, step.run_id), (step.tenant, step.thread_id)}
        await insert_execution(self._connection, record)

    async def insert_file(self, record: FileRecord) -> None:
        """Store a generated file's metadata."""
        await insert_file(self._connection, record)

    async def count_cpu(self, session: SessionRecord, seconds: float, period: datetime) -> None:
        """Count that a session has used so much CPU time so far: what is new is the period's."""
        await add_cpu(self._connection, session.tenant, period, seconds - session.cpu_seconds)
        self.change_session(session, cpu_seconds=seconds)

    def change_session(self, session: SessionRecord, **values: object) -> None:
        """Change fields of the session; `session` takes them once they are stored."""
        if isinstance(state := values.get("state"), SessionState):
            check_session(session.state, state)
        self._session_changes.append((session, values))

    async def flush(self) -> None:
        """Write everything; called by `Journal.transaction` before the commit."""
        for _record, draft in self._drafts.values():
            with_code = draft.id in self._with_code
            await update_execution(self._connection, draft, with_code=with_code)
        for execution_id, rows in self._events.items():
            await insert_events(self._connection, self._drafts[execution_id][1], rows)
        for session, values in self._session_changes:
            await update_session(self._connection, session, **values)

    def publish(self, hub: Hub) -> None:
        """Make the changes visible; called by `Journal.transaction` after the commit."""
        for record, draft in self._drafts.values():
            vars(record).update(vars(draft))
        for session, values in self._session_changes:
            vars(session).update(values)
        for execution_id in self._events:
            hub.changed((self._drafts[execution_id][0].tenant, execution_id))
        for session, values in self._session_changes:
            if values.keys() & {"state", "execution_count"}:
                hub.changed((session.tenant, session.id))
        for name in self._touched:
            hub.changed(name)
