"""Runs the executions of one session: a bounded queue, one at a time, in order."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from cellblock.agent.v1.agent_pb2 import Event, OutputLimits
from cellblock.v1 import execution_pb2 as pb
from cellblock_server.errors import ExhaustedError, WrongStateError
from cellblock_server.executions.journal import Journal, JournalTransaction
from cellblock_server.executions.place import StepPlace
from cellblock_server.executions.recorder import Recorder
from cellblock_server.patience import until_available
from cellblock_server.sandbox.agent_connection import (
    AgentConnection,
    AgentGoneError,
    ExecutionBounds,
)
from cellblock_server.store.records import (
    ExecutionRecord,
    ExecutionStatus,
    Failure,
    FailureCause,
    SessionRecord,
    SessionState,
)

RETRY_AFTER = timedelta(seconds=1)
"""When a caller that met a full queue may come back."""


@dataclass(frozen=True)
class RunnerBounds:
    """What the operator allows a session's executions."""

    max_queue: int
    grace: timedelta
    output: OutputLimits


class SessionRunner:
    """Feeds one session's agent and records what it says.

    `run` owns both tasks; when it returns or raises, nothing runs any more, and
    `end` gives every execution that is left its end.
    """

    def __init__(
        self,
        session: SessionRecord,
        agent: AgentConnection,
        journal: Journal,
        recorder: Recorder,
        bounds: RunnerBounds,
    ) -> None:
        """Run executions of `session` on `agent`."""
        self._session = session
        self._agent = agent
        self._journal = journal
        self._recorder = recorder
        self._bounds = bounds
        self._queue: deque[ExecutionRecord] = deque()
        self._positions: dict[str, int] = {}
        """What those in the queue were told last."""
        self._current: ExecutionRecord | None = None
        self._work = asyncio.Event()
        self._finished = asyncio.Event()
        self._accepting = asyncio.Lock()
        self._closed = False
        self._current_cancelled = False
        self.on_idle: Callable[[], None] = lambda: None
        """Called when an execution has ended."""

    @property
    def busy(self) -> bool:
        """Whether an execution runs or waits."""
        return self._current is not None or bool(self._queue)

    def adopt(self, records: Sequence[ExecutionRecord]) -> None:
        """Take over executions that an earlier server process accepted; before `run`."""
        self._queue.extend(records)
        self._work.set()

    async def submit(self, record: ExecutionRecord, place: StepPlace) -> None:
        """Accept an execution: from here on it will have an end.

        Raises ExhaustedError if the queue is full, WrongStateError if the session
        has ended meanwhile, IntegrityError if the execution's id is taken; see also
        `run_steps.place`.
        """
        async with self._accepting:
            if self._closed:
                raise WrongStateError("SESSION_ENDED", f"session {self._session.id!r} has ended")
            waiting = len(self._queue)
            if waiting >= self._bounds.max_queue:
                raise ExhaustedError(
                    "QUEUE_FULL",
                    f"session {self._session.id!r} has {waiting} executions waiting; "
                    f"the limit is {self._bounds.max_queue}",
                    RETRY_AFTER,
                )
            position = waiting + (self._current is not None)
            async with self._journal.transaction() as transaction:
                record.ordinal = self._session.execution_count + 1
                await transaction.insert(record, place)
                queued = pb.Queued(position=position)
                transaction.append(record, pb.ExecutionEvent(queued=queued))
                transaction.change_session(
                    self._session,
                    execution_count=record.ordinal,
                    last_use_time=transaction.now,
                    last_alive_time=transaction.now,
                )
            self._positions[record.id] = position
            self._queue.append(record)
            self._work.set()

    async def cancel(self, execution_id: str) -> None:
        """Take an execution from the queue, or interrupt it; nothing if it has ended."""
        async with self._accepting:
            for place, waiting in enumerate(self._queue):
                if waiting.id == execution_id:
                    await self._cancel_waiting(place)
                    return
        if self._current is not None and self._current.id == execution_id:
            # Remembered, for it may not have reached the agent yet.
            self._current_cancelled = True
            await self._agent.interrupt_execution(execution_id, self._bounds.grace)

    async def restart(self) -> None:
        """Give the session a fresh kernel; what runs ends as cancelled."""
        async with self._journal.transaction() as transaction:
            transaction.change_session(self._session, state=SessionState.RESTARTING)
        reason = "restarted on request"
        generation = await self._agent.restart_kernel(reason)
        async with self._journal.transaction() as transaction:
            state = SessionState.BUSY if self.busy else SessionState.READY
            # The agent tells of it as well, but perhaps later.
            transaction.change_session(
                self._session,
                state=state,
                kernel_generation=generation,
                memory_loss_time=transaction.now,
                memory_loss_message=reason,
                memory_loss_execution_id="",
            )

    async def run(self) -> None:
        """Run until cancelled, or until the agent is gone (AgentGoneError) or lies."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._record(), name=f"record {self._session.id}")
            tasks.create_task(self._dispatch(), name=f"dispatch {self._session.id}")

    async def end(self, running: tuple[ExecutionStatus, Failure], why: str) -> None:
        """Give all executions that are left their end; called once, after `run`."""
        async with self._accepting:
            self._closed = True
            expired = Failure(FailureCause.SESSION_ENDED, why)
            async with self._journal.transaction() as transaction:
                if self._current is not None:
                    transaction.finish(self._current, *running)
                for waiting in self._queue:
                    transaction.finish(waiting, ExecutionStatus.EXPIRED, expired)
            self._current = None
            self._queue.clear()

    async def _cancel_waiting(self, place: int) -> None:
        waiting = self._queue[place]
        del self._queue[place]
        self._positions.pop(waiting.id, None)
        failure = Failure(FailureCause.CANCELLED, "cancelled before it started")
        try:
            async with self._journal.transaction() as transaction:
                transaction.finish(waiting, ExecutionStatus.CANCELLED, failure)
                self._append_positions(transaction, from_place=place)
        except BaseException:
            self._queue.insert(place, waiting)
            self._work.set()
            raise

    async def _tell_positions(self) -> None:
        """Tell all who wait that one before them has its turn."""
        async with self._accepting:
            if self._queue:
                async with self._journal.transaction() as transaction:
                    self._append_positions(transaction, from_place=0)

    def _append_positions(self, transaction: JournalTransaction, *, from_place: int) -> None:
        for place, waiting in enumerate(self._queue):
            position = place + (self._current is not None)
            if place >= from_place and self._positions.get(waiting.id) != position:
                self._positions[waiting.id] = position
                queued = pb.Queued(position=position)
                transaction.append(waiting, pb.ExecutionEvent(queued=queued))

    async def _record(self) -> None:
        stream = self._agent.stream_events()
        try:
            await stream.acknowledge(self._session.acknowledged_sequence)
            async for batch in stream:
                if not batch:
                    continue
                # Not acknowledged until it is stored: the agent keeps it meanwhile.
                ended = await until_available(partial(self._store, batch))
                await stream.acknowledge(self._session.acknowledged_sequence)
                if ended:
                    self._current = None
                    self._finished.set()
                    self.on_idle()
        finally:
            stream.cancel()
        raise AgentGoneError("it ended the event stream")

    async def _store(self, batch: Sequence[Event]) -> bool:
        return await self._recorder.record(batch, self._current, more=bool(self._queue))

    async def _dispatch(self) -> None:
        while True:
            while not self._queue:
                self._work.clear()
                await self._work.wait()
            record = self._current = self._queue.popleft()
            self._positions.pop(record.id, None)
            self._finished.clear()
            self._current_cancelled = False
            await self._tell_positions()
            bounds = ExecutionBounds(record.timeout, self._bounds.grace, self._bounds.output)
            await self._agent.start_execution(record.id, record.code, bounds, record.environment)
            if self._current_cancelled:
                await self._agent.interrupt_execution(record.id, self._bounds.grace)
            await self._finished.wait()
