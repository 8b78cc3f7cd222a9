"""Runner of one session's executions: a bounded queue, one at a time, in order."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from cellblock.agent.v1.agent_pb2 import Event, OutputLimits
from cellblock_server.agent.connection import AgentConnection
from cellblock_server.agent.errors import AgentGoneError
from cellblock_server.agent.stream import AgentStream, ExecutionBounds
from cellblock_server.common.errors import ExhaustedError, WrongStateError
from cellblock_server.common.patience import until_available
from cellblock_server.executions.overdue import OverdueTimings, until_ended
from cellblock_server.journal.journal import Journal
from cellblock_server.journal.run_step_place import StepPlace
from cellblock_server.journal.tracked import Tracked, TrackedExecution, TrackedSession
from cellblock_server.journal.unit_of_work import UnitOfWork
from cellblock_server.recording.event_rate import BackgroundEventRate
from cellblock_server.recording.recorder import Recorder
from cellblock_server.store.records import (
    ExecutionRecord,
    ExecutionStatus,
    Failure,
    FailureCause,
    SessionState,
)
from cellblock_server.store.states import EXECUTION_ENDS, SESSION_ENDS

RETRY_AFTER = timedelta(seconds=1)
"""Time after which a caller that met a full queue may retry."""
ACKNOWLEDGE_SECONDS = 0.05
"""Delay before an idle agent's events are acknowledged: the next execution may do that."""


@dataclass(frozen=True)
class RunnerBounds:
    """Limits of a session's executions."""

    max_queue: int
    grace: timedelta
    output: OutputLimits


class SessionRunner:
    """Sends executions to one session's agent and records its events.

    `run` owns its tasks: when it returns or raises, none of them runs. Then `end` ends the
    remaining executions.
    """

    def __init__(
        self,
        session: TrackedSession,
        agent: AgentConnection,
        journal: Journal,
        recorder: Recorder,
        bounds: RunnerBounds,
        overdue: OverdueTimings | None = None,
    ) -> None:
        """Run executions of `session` on `agent`."""
        self._overdue = overdue or OverdueTimings()
        self._session = session
        self._agent = agent
        self._journal = journal
        self._recorder = recorder
        self._bounds = bounds
        self._queue: deque[TrackedExecution] = deque()
        self._positions: dict[str, int] = {}
        """The queue position last sent to each waiting execution, by id."""
        self._receiving: dict[str, TrackedExecution] = {}
        """Executions whose code is still coming: each has a place in the queue already."""
        self._current: TrackedExecution | None = None
        self._work = asyncio.Event()
        self._finished = asyncio.Event()
        """Set when the running execution has ended."""
        self._ended = asyncio.Event()
        """Set when its last events are to be acknowledged."""
        self._stream: AgentStream | None = None
        self._accepting = asyncio.Lock()
        self._storing = False
        """Whether the agent waits for the server, not the server for the agent."""
        self._event_rate = BackgroundEventRate()
        self._closed = False
        self.on_idle: Callable[[], None] = lambda: None
        """Called when an execution has ended."""

    @property
    def busy(self) -> bool:
        """Whether an execution runs or waits."""
        current = self._current
        # For a moment an execution whose end is stored is still current.
        runs = current is not None and current.record.status not in EXECUTION_ENDS
        return runs or bool(self._queue)

    @property
    def unfinished(self) -> int:
        """Number of executions that run, wait, or have code that is still coming."""
        return (self._current is not None) + len(self._queue) + len(self._receiving)

    @property
    def waiting(self) -> int:
        """Number of executions that wait with all of their code."""
        return len(self._queue)

    @property
    def receiving(self) -> int:
        """Number of executions whose code is still coming."""
        return len(self._receiving)

    @property
    def running(self) -> str:
        """The id of the execution that runs; empty if none does."""
        return "" if self._current is None else self._current.record.id

    def adopt(self, records: Sequence[ExecutionRecord]) -> None:
        """Take over executions that an earlier server process accepted; before `run`."""
        for record in records:
            execution = Tracked(record)
            if record.status is ExecutionStatus.RECEIVING:
                self._receiving[record.id] = execution
            elif self._current is None:
                # The agent may have it already: it can't be dropped like a waiting one.
                self._current = execution
            else:
                self._queue.append(execution)

    async def submit(self, record: ExecutionRecord, place: StepPlace) -> ExecutionRecord:
        """Accept an execution: it will end even if its caller leaves.

        Return the stored record. Raises ExhaustedError if the queue is full, WrongStateError if the
        session has ended meanwhile, IntegrityError if the execution's id exists; see also
        `run_steps.place`.
        """
        async with self._accepting:
            async with self._inserting(record, place) as (change, execution):
                change.executions.queue(execution, self._next_position())
                change.follow_up = partial(self._enqueue, execution)
            return execution.record

    async def receive(self, record: ExecutionRecord, place: StepPlace) -> ExecutionRecord:
        """Accept an execution whose code comes in pieces. Return and raise as `submit`."""
        async with self._accepting:
            async with self._inserting(record, place) as (change, execution):
                # Shows watchers that more code follows.
                change.executions.append_code(execution, "")
            self._receiving[record.id] = execution
            return execution.record

    async def receive_code(self, execution_id: str, code: str) -> ExecutionRecord:
        """Append a piece of code. Return the execution's new record.

        Raises WrongStateError if the execution has ended meanwhile.
        """
        async with self._accepting:
            execution = self._being_received(execution_id)
            async with self._journal.transaction() as change:
                change.executions.append_code(execution, code)
            return execution.record

    async def received(self, execution_id: str) -> ExecutionRecord:
        """Queue an execution whose code is complete. Return and raise as `receive_code`."""
        async with self._accepting:
            execution = self._being_received(execution_id)
            async with self._journal.transaction() as change:
                change.executions.queue(execution, self._next_position())
            del self._receiving[execution_id]
            self._enqueue(execution)
            return execution.record

    async def break_off(self, execution_id: str, why: str) -> None:
        """End an execution whose code is incomplete; do nothing if there is none."""
        async with self._accepting:
            await self._break_off(execution_id, why)

    async def _break_off(self, execution_id: str, why: str) -> None:
        """Do the same as `break_off`, for a caller that holds `_accepting`."""
        execution = self._receiving.get(execution_id)
        if execution is not None:
            async with self._journal.transaction() as change:
                failure = Failure(FailureCause.CANCELLED, why)
                change.executions.finish(execution, ExecutionStatus.CANCELLED, failure)
            del self._receiving[execution_id]

    async def cancel(self, execution_id: str) -> None:
        """Remove an execution from the queue, or interrupt it; do nothing if it has ended."""
        async with self._accepting:
            for place, waiting in enumerate(self._queue):
                if waiting.record.id == execution_id:
                    await self._cancel_waiting(place)
                    return
            # In the same block: it must not get into the queue unseen between two searches.
            await self._break_off(execution_id, "cancelled before all of its code was received")
        current = self._current
        if current is not None and current.record.id == execution_id:
            # Stored first: the agent may not have the execution yet, and the server may be killed.
            async with self._journal.transaction() as change:
                if current.record.status not in EXECUTION_ENDS:
                    change.executions.request_cancel(current)
            if self._stream is not None:
                await self._stream.interrupt_execution(execution_id, self._bounds.grace)

    async def restart(self) -> None:
        """Restart the session's kernel; a running execution ends as cancelled.

        Raises WrongStateError if the session ends meanwhile.
        """
        await self._until_begun()
        async with self._changing() as change:
            change.sessions.set_state(self._session, SessionState.RESTARTING)
        reason = "restarted on request"
        generation = None
        try:
            generation = await self._agent.restart_kernel(reason)
        finally:
            # Without a response it is unknown whether it restarted: the next event shows that.
            async with self._changing() as change:
                state = SessionState.BUSY if self.busy else SessionState.READY
                change.sessions.set_state(self._session, state)
                if generation is not None:
                    # The agent reports it as well, but possibly later.
                    change.sessions.lose_memory(self._session, generation, reason)

    @asynccontextmanager
    async def _changing(self) -> AsyncIterator[UnitOfWork]:
        """Open a transaction, unless the session has ended: no change may follow its end."""
        async with self._journal.transaction() as change:
            if self._session.record.state in SESSION_ENDS:
                raise self._has_ended()
            yield change

    async def _until_begun(self) -> None:
        """Wait until the agent has received its execution: a restart must not overtake it."""
        first = self._current or next(iter(self._queue), None)
        while first is not None and first.record.status is ExecutionStatus.QUEUED:
            await self._journal.next_change(first.record.tenant, first.record.id).wait()

    async def run(self) -> None:
        """Run until cancelled; raises AgentGoneError and ProtocolViolationError."""
        for execution_id in list(self._receiving):
            why = "the server stopped before all of its code was received"
            await until_available(partial(self.break_off, execution_id, why))
        stream = self._stream = self._agent.converse()
        name = self._session.record.id
        try:
            await stream.acknowledge(self._session.record.acknowledged_sequence)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._record(stream), name=f"record {name}")
                tasks.create_task(self._dispatch(stream), name=f"dispatch {name}")
                tasks.create_task(self._acknowledge(stream), name=f"store {name}")
                tasks.create_task(self._agent.until_violation(), name=f"watch {name}")
        finally:
            self._stream = None
            stream.cancel()

    async def end(
        self,
        running: tuple[ExecutionStatus, Failure],
        why: str,
        ending: Callable[[UnitOfWork], None],
    ) -> None:
        """End all remaining executions; called after `run`, and retried until it succeeds.

        The session's end, `ending`, is stored in the same transaction: a server that takes over a
        session must not find the agent running an execution that has ended.
        """
        async with self._accepting:
            self._closed = True
            expired = Failure(FailureCause.SESSION_ENDED, why)
            async with self._journal.transaction() as change:
                ending(change)
                current = self._current
                # For a moment the one that ran is still here, and its end is stored.
                if current is not None and current.record.status not in EXECUTION_ENDS:
                    change.executions.finish(current, *running)
                for waiting in (*self._queue, *self._receiving.values()):
                    change.executions.finish(waiting, ExecutionStatus.EXPIRED, expired)
            self._current = None
            self._queue.clear()
            self._receiving.clear()

    @asynccontextmanager
    async def _inserting(
        self, record: ExecutionRecord, place: StepPlace
    ) -> AsyncIterator[tuple[UnitOfWork, TrackedExecution]]:
        """Open a transaction that stores a new execution, if there is room for it."""
        if self._closed:
            raise self._has_ended()
        waiting = len(self._queue) + len(self._receiving)
        if waiting >= self._bounds.max_queue:
            raise ExhaustedError(
                "QUEUE_FULL",
                f"session {self._session.record.id!r} has {waiting} executions waiting; "
                f"the limit is {self._bounds.max_queue}",
                RETRY_AFTER,
            )
        async with self._journal.transaction() as change:
            ordinal = change.sessions.accept_execution(self._session)
            yield change, change.executions.accept(replace(record, ordinal=ordinal), place)

    def _has_ended(self) -> WrongStateError:
        return WrongStateError("SESSION_ENDED", f"session {self._session.record.id!r} has ended")

    def _next_position(self) -> int:
        return len(self._queue) + (self._current is not None)

    def _enqueue(self, execution: TrackedExecution) -> None:
        self._positions[execution.record.id] = self._next_position()
        self._queue.append(execution)
        self._work.set()

    def _being_received(self, execution_id: str) -> TrackedExecution:
        execution = self._receiving.get(execution_id)
        if execution is None:
            raise WrongStateError("EXECUTION_ENDED", f"execution {execution_id!r} has ended")
        return execution

    async def _cancel_waiting(self, place: int) -> None:
        waiting = self._queue[place]
        del self._queue[place]
        self._positions.pop(waiting.record.id, None)
        failure = Failure(FailureCause.CANCELLED, "cancelled before it started")
        try:
            async with self._journal.transaction() as change:
                change.executions.finish(waiting, ExecutionStatus.CANCELLED, failure)
                moved = self._append_positions(change, from_place=place)
            self._positions.update(moved)
        except BaseException:
            self._queue.insert(place, waiting)
            self._work.set()
            raise

    async def _send_positions(self) -> None:
        """Send all waiting executions their new position in the queue."""
        async with self._accepting:
            if self._queue:
                async with self._journal.transaction() as change:
                    moved = self._append_positions(change, from_place=0)
                self._positions.update(moved)

    def _append_positions(self, change: UnitOfWork, *, from_place: int) -> dict[str, int]:
        """Report new positions in the queue. Return them, to be noted once they are stored."""
        moved: dict[str, int] = {}
        for place, waiting in enumerate(self._queue):
            position = place + (self._current is not None)
            if place >= from_place and self._positions.get(waiting.record.id) != position:
                moved[waiting.record.id] = position
                change.executions.queue(waiting, position)
        return moved

    async def _record(self, stream: AgentStream) -> None:
        async for batch in stream:
            if not batch:
                continue
            # Not acknowledged until stored: the agent keeps the events meanwhile.
            ended = await until_available(partial(self._store, batch))
            await self._event_rate.limit_batch(batch)
            if ended:
                self._current = None
                self._ended.set()
                self._finished.set()
                self.on_idle()
            else:
                await stream.acknowledge(self._session.record.acknowledged_sequence)
        raise AgentGoneError("the event stream ended")

    async def _acknowledge(self, stream: AgentStream) -> None:
        """Acknowledge the last events of an execution if no other execution follows immediately."""
        while True:
            await self._ended.wait()
            self._ended.clear()
            await asyncio.sleep(ACKNOWLEDGE_SECONDS)
            await stream.acknowledge(self._session.record.acknowledged_sequence)

    async def _store(self, batch: Sequence[Event]) -> bool:
        self._storing = True
        try:
            return await self._recorder.record(batch, self._current, more=bool(self._queue))
        finally:
            self._storing = False

    async def _dispatch(self, stream: AgentStream) -> None:
        if self._current is not None:
            # Taken over from another server: an agent that has it already ignores this.
            await self._run_execution(stream, self._current)
        while True:
            while not self._queue:
                self._work.clear()
                await self._work.wait()
            execution = self._current = self._queue.popleft()
            self._positions.pop(execution.record.id, None)
            await self._run_execution(stream, execution)

    async def _run_execution(self, stream: AgentStream, execution: TrackedExecution) -> None:
        """Start an execution on the agent, and wait for its end."""
        self._finished.clear()
        record = execution.record
        bounds = ExecutionBounds(record.timeout, self._bounds.grace, self._bounds.output)
        stored = self._session.record.acknowledged_sequence
        await stream.start_execution(record.id, record.code, bounds, record.environment, stored)
        if execution.record.cancel_requested:
            await stream.interrupt_execution(record.id, self._bounds.grace)
        # Last, because it waits for executions that are being accepted.
        await until_available(self._send_positions)
        limit = bounds.timeout + bounds.grace
        await until_ended(self._finished, limit, self._agent, lambda: self._storing, self._overdue)
