"""The journal: numbers each event and stores it before any caller sees it."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

from cellblock.v1 import execution_pb2 as pb
from cellblock_server.common.clock import Clock
from cellblock_server.common.waiting import set_within
from cellblock_server.journal.hub import Hub
from cellblock_server.journal.observers import Observer, Stored
from cellblock_server.journal.unit_of_work import UnitOfWork
from cellblock_server.store.database import Database
from cellblock_server.store.executions import ExecutionStore
from cellblock_server.store.records import ExecutionRecord

WATCH_BATCH = 64
"""Maximum number of events that a watcher holds in memory."""
WATCH_BYTES = 2**18
"""Maximum bytes of these events, and of one message, unless a single event is larger."""
QUEUED_SECONDS = 0.01
"""Time that a `queued` event waits for the next one, to be sent in one message with it."""


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
        """Keep the journal in `database`; call `observers` after each transaction.

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
    async def transaction(self) -> AsyncIterator[UnitOfWork]:
        """Store the block's changes together, then publish them to memory and watchers.

        If storing fails, or the caller is cancelled before the block's end, nothing is stored, and
        the records in memory stay as they were. The block's end raises what the store refuses.
        """
        # What a block reads of the records must still be so when its changes are stored.
        async with self._turn:
            change = UnitOfWork(self._now(), self._steady())
            yield change
            await self._database.write(change.write, partial(self._publish, change))

    def _publish(self, change: UnitOfWork) -> None:
        """Publish without a pause: memory must neither lag behind the store nor run ahead."""
        stored = change.publish(self._hub)
        change.follow_up()
        # Watchers, who have been woken, come first.
        asyncio.get_running_loop().call_soon(self._notify_observers, stored)

    def _notify_observers(self, stored: Stored) -> None:
        for observer in self._observers:
            observer(stored)

    async def read(self, record: ExecutionRecord) -> AsyncIterator[pb.ExecutionEvent]:
        """Yield an execution's events up to its last one in `record`."""
        wanted = 1
        while wanted <= record.last_sequence:
            rows = await self._executions.events(record, wanted, WATCH_BATCH, WATCH_BYTES)
            for sequence, payload in rows:
                if sequence > record.last_sequence:
                    return
                yield pb.ExecutionEvent.FromString(payload)
                wanted = sequence + 1
            if not rows:
                return  # deleted meanwhile

    async def watch(
        self, execution: ExecutionRecord, from_sequence: int
    ) -> AsyncIterator[list[pb.ExecutionEvent]]:
        """Yield an execution's events from a number on, past and live, to the last one.

        Those that are stored already come together, in batches of at most WATCH_BYTES unless one
        event is larger: quick code has all of its events in one message.
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
        """Read a watcher's next events. Their serialized form is released on return."""
        rows = await self._executions.events(execution, from_sequence, WATCH_BATCH, WATCH_BYTES)
        return [pb.ExecutionEvent.FromString(payload) for _sequence, payload in rows]

    def next_change(self, tenant: str, name: str) -> asyncio.Event:
        """Return the event that is set at the next change; see `Hub.next_change`.

        It can also be that of a session, run or thread, which changes when it has more run steps.
        """
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
