"""Use cases of executions: run, resume, read and cancel; complete and inspect code."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import replace

from sqlalchemy.exc import IntegrityError

from cellblock_server.app.draining import end_when_draining, is_ended_by_draining
from cellblock_server.app.resending import check_resent
from cellblock_server.common.clock import Clock
from cellblock_server.common.errors import (
    CellblockError,
    InvalidArgumentError,
    NotFoundError,
    OutOfRangeError,
    WrongStateError,
)
from cellblock_server.common.ids import new_id
from cellblock_server.common.uninterrupted import uninterrupted
from cellblock_server.executions.code_questions import (
    CodeCompleteness,
    Completions,
    Inspection,
    Introspection,
)
from cellblock_server.executions.environment import environment_hash
from cellblock_server.executions.model_text import ModelText, checked_limit, model_text_of
from cellblock_server.executions.request import ExecutionLimits, NewExecution, check_code
from cellblock_server.executions.shown import (
    ExecutionEvent,
    ShownExecution,
    is_last_event,
    show_execution,
)
from cellblock_server.journal.journal import Journal
from cellblock_server.sessions.live import LiveSession
from cellblock_server.sessions.manager import SessionManager
from cellblock_server.store.executions import ExecutionStore
from cellblock_server.store.paging import token_after
from cellblock_server.store.records import ExecutionRecord, ExecutionStatus, Page, SessionRecord
from cellblock_server.store.states import EXECUTION_ENDS
from cellblock_server.store.usage import Usage
from cellblock_server.tenants.cpu_quota import CpuQuota
from cellblock_server.tenants.execution_quota import ExecutionQuota

MAX_PAGE_BYTES = 2 * 2**20
"""Size past which a page of executions ends early."""

Batch = list[ExecutionEvent]
Events = AsyncGenerator[Batch, None]


class ExecutionUseCases:
    """Accepts each execution once, and returns its events and outputs.

    All of them raise NotFoundError for what another tenant owns.
    """

    def __init__(
        self,
        store: ExecutionStore,
        journal: Journal,
        sessions: SessionManager,
        usage: Usage,
        room: ExecutionQuota,
        cpu: CpuQuota,
        limits: ExecutionLimits,
        questions: Introspection,
        now: Clock,
    ) -> None:
        """Run code in `sessions`, up to the quotas; events come from `journal`."""
        self._store = store
        self._journal = journal
        self._sessions = sessions
        self._usage = usage
        self._room = room
        self._cpu = cpu
        self._limits = limits
        self._questions = questions
        self._now = now

    async def run(
        self, tenant: str, session_id: str, new: NewExecution, *, cancel_on_disconnect: bool
    ) -> Events:
        """Run code, or find the execution of the same request; yield all its events.

        With `cancel_on_disconnect`, a caller who leaves before the last event ends it.
        """
        new.check(self._limits)
        new = _with_id(new)
        async with self._cancelling(tenant, new, cancel=cancel_on_disconnect):
            record = await self._accept(tenant, session_id, new)
        async with aclosing(self._follow(record, cancel=cancel_on_disconnect)) as batches:
            async for events in batches:
                yield events

    async def run_pieces(
        self,
        tenant: str,
        session_id: str,
        new: NewExecution,
        pieces: AsyncIterator[str],
        *,
        cancel_on_disconnect: bool,
    ) -> Events:
        """Run code as `run` does, with its text in `pieces` instead of in `new`."""
        new.check_rest(self._limits)
        is_named = bool(new.execution_id)
        new = _with_id(new)
        record: ExecutionRecord | None
        if is_named and await self._store.find_execution(tenant, new.execution_id) is not None:
            # A retry: the code must be complete before it can be compared with the first.
            whole = await _whole(new, pieces, self._limits)
            record = await self.find_resent(tenant, session_id, whole)
        else:
            live = await self._sessions.live(tenant, session_id)
            async with self._cancelling(tenant, new, cancel=cancel_on_disconnect):
                record = await self._receive(live, new, pieces)
        if record is not None:
            async with aclosing(self._follow(record, cancel=cancel_on_disconnect)) as batches:
                async for events in batches:
                    yield events

    async def watch(self, tenant: str, execution_id: str, from_sequence: int) -> Events:
        """Yield events from a number on, past and live.

        Raises NotFoundError, and OutOfRangeError past the end of one that has ended.
        """
        record = await self._find_execution(tenant, execution_id)
        end_when_draining()
        async for events in self._watch(record, from_sequence):
            yield events

    async def get(self, tenant: str, execution_id: str) -> ShownExecution:
        """Return an execution with its outputs so far. Raises NotFoundError."""
        return await show_execution(self._journal, await self._find_execution(tenant, execution_id))

    async def get_model_text(
        self, tenant: str, execution_id: str, max_characters: int
    ) -> ModelText:
        """Return an execution so far as text for a language model. Raises NotFoundError."""
        limit = checked_limit(max_characters)
        record = await self._find_execution(tenant, execution_id)
        return await model_text_of(self._journal.read(record), limit)

    async def list(
        self, tenant: str, session_id: str, size: int, token: str
    ) -> Page[ShownExecution]:
        """Return a page of a session's executions with their outputs, oldest first.

        It ends early when they are many. Raises NotFoundError.
        """
        session = await self._sessions.get(tenant, session_id)
        page = await self._store.list(session, size, token)
        shown: list[ShownExecution] = []
        total = 0
        for record in page.items:
            execution = await show_execution(self._journal, record)
            total += execution.size
            if shown and total > MAX_PAGE_BYTES:
                return Page(shown, token_after(shown[-1].record.ordinal))
            shown.append(execution)
        return Page(shown, page.next_token)

    async def cancel(self, tenant: str, execution_id: str) -> ShownExecution:
        """Interrupt or unqueue an execution; one that has ended is left as it is.

        A caller who leaves meanwhile does not stop that. Raises NotFoundError.
        """
        await uninterrupted(self._cancel(tenant, execution_id))
        return await self.get(tenant, execution_id)

    async def complete_code(
        self, tenant: str, session_id: str, code: str, cursor_pos: int | None
    ) -> Completions:
        """Return completions at a position in `code`; None: at its end."""
        async with self._sessions.using(tenant, session_id) as live:
            return await self._questions.complete(tenant, live.agent, code, cursor_pos)

    async def inspect_code(
        self, tenant: str, session_id: str, code: str, cursor_pos: int | None, detail_level: int
    ) -> Inspection:
        """Return documentation of the name at a position in `code`; None: at its end."""
        async with self._sessions.using(tenant, session_id) as live:
            return await self._questions.inspect(tenant, live.agent, code, cursor_pos, detail_level)

    async def check_code_complete(
        self, tenant: str, session_id: str, code: str
    ) -> CodeCompleteness:
        """Return whether `code` could run as it is."""
        async with self._sessions.using(tenant, session_id) as live:
            return await self._questions.is_complete(tenant, live.agent, code)

    async def find_resent(
        self, tenant: str, session_id: str, new: NewExecution
    ) -> ExecutionRecord | None:
        """Return the execution that the same request made before, if it did.

        Raises AlreadyExistsError if the id was used for something else.
        """
        if not new.execution_id:
            return None
        record = await self._store.find_execution(tenant, new.execution_id)
        if record is not None:
            check_resent(record, session_id, new, self._limits.default_time_limit)
        return record

    async def _accept(self, tenant: str, session_id: str, new: NewExecution) -> ExecutionRecord:
        """Accept an execution, or find it; most are new, and so that is tried first."""
        try:
            return await self._submit(await self._sessions.live(tenant, session_id), new)
        except CellblockError:
            # A session that has ended, or is full by now, may have run it before.
            known = await self.find_resent(tenant, session_id, new)
            if known is None:
                raise
            return known

    async def _submit(self, live: LiveSession, new: NewExecution) -> ExecutionRecord:
        """Queue an execution, or find the one that the same request queued.

        A caller who leaves while it is stored does not stop it. Raises QuotaError.
        """
        session = live.record
        self._cpu.check(session.tenant)
        await self._usage.check_roughly(session.tenant, len(new.code.encode()))
        record = self._new_record(session, new, ExecutionStatus.QUEUED)
        try:
            with self._room.room(session.tenant):
                return await live.runner.submit(record, new.place.in_session(session))
        except IntegrityError:
            # Two identical requests at the same time: the other one was stored first.
            known = await self.find_resent(session.tenant, session.id, new)
            if known is None:
                raise
            return known

    async def _receive(
        self, live: LiveSession, new: NewExecution, pieces: AsyncIterator[str]
    ) -> ExecutionRecord:
        """Accept an execution whose code comes in pieces; it runs when all are received.

        A stream that ends with an error, or a caller who leaves before that, ends it.
        """
        session, runner = live.record, live.runner
        self._cpu.check(session.tenant)
        await self._usage.check_roughly(session.tenant, 0)
        record = self._new_record(session, new, ExecutionStatus.RECEIVING)
        try:
            with self._room.room(session.tenant):
                place = new.place.in_session(session)
                record = await uninterrupted(runner.receive(record, place))
        except IntegrityError:
            # Two identical requests at the same time: the other one was stored first.
            whole = await _whole(new, pieces, self._limits)
            known = await self.find_resent(session.tenant, session.id, whole)
            if known is None:
                raise
            return known
        try:
            async for piece in pieces:
                check_code(record.code + piece, self._limits)
                record = await uninterrupted(runner.receive_code(record.id, piece))
            if not record.code.strip():
                raise InvalidArgumentError("code", "is empty")
            return await uninterrupted(runner.received(record.id))
        except BaseException as error:
            why = error.message if isinstance(error, CellblockError) else "the caller left"
            words = f"its code was not received completely: {why}"
            await uninterrupted(runner.break_off(record.id, words))
            raise

    def _new_record(
        self, session: SessionRecord, new: NewExecution, status: ExecutionStatus
    ) -> ExecutionRecord:
        return ExecutionRecord(
            id=new.execution_id,
            tenant=session.tenant,
            session_id=session.id,
            status=status,
            code=new.code,
            timeout=new.time_limit or self._limits.default_time_limit,
            create_time=self._now(),
            ordinal=0,
            environment=new.environment,
            environment_hash=environment_hash(new.environment),
            record_bytes=len(new.code.encode()),
        )

    async def _follow(self, record: ExecutionRecord, *, cancel: bool) -> Events:
        """Yield all events; with `cancel`, a caller who leaves before the last one ends it.

        The first ones name the execution: from then on the caller can resume the stream.
        """
        ended = False
        try:
            async for events in self._watch(record, 1):
                ended = is_last_event(events[-1])
                yield events
                if not ended:
                    end_when_draining()
        finally:
            if cancel and not ended and not is_ended_by_draining():
                await uninterrupted(self._cancel(record.tenant, record.id))

    def _watch(self, record: ExecutionRecord, from_sequence: int) -> AsyncIterator[Batch]:
        """Return events from a number on, live or past. Raises OutOfRangeError past the end."""
        last = record.last_sequence
        if from_sequence < 0 or (record.status in EXECUTION_ENDS and from_sequence > last):
            raise OutOfRangeError("from_sequence", f"must be 0 to {last}, got {from_sequence}")
        return self._journal.watch(record, from_sequence)

    async def _find_execution(self, tenant: str, execution_id: str) -> ExecutionRecord:
        """Return an execution's record. Raises NotFoundError."""
        record = await self._store.find_execution(tenant, execution_id)
        if record is None:
            raise NotFoundError("execution", execution_id)
        return record

    async def _cancel(self, tenant: str, execution_id: str) -> None:
        record = await self._find_execution(tenant, execution_id)
        if record.status not in EXECUTION_ENDS:
            live = await self._sessions.live(tenant, record.session_id)
            await live.runner.cancel(execution_id)

    @asynccontextmanager
    async def _cancelling(
        self, tenant: str, new: NewExecution, *, cancel: bool
    ) -> AsyncIterator[None]:
        """Accept an execution; with `cancel`, a caller who leaves meanwhile ends it.

        It may be stored by then, and would run to its end for no caller.
        """
        try:
            yield
        except asyncio.CancelledError:
            if cancel and not is_ended_by_draining():
                # Not stored, or its session has ended.
                with suppress(NotFoundError, WrongStateError):
                    await uninterrupted(self._cancel(tenant, new.execution_id))
            raise


def _with_id(new: NewExecution) -> NewExecution:
    """Return the request with an id of its own, if the caller chose none."""
    return new if new.execution_id else replace(new, execution_id=new_id("call_"))


async def _whole(
    new: NewExecution, pieces: AsyncIterator[str], limits: ExecutionLimits
) -> NewExecution:
    """Return the same request with all of its code. Raises OutOfRangeError past the limit."""
    found: list[str] = []
    size = 0
    async for piece in pieces:
        size += len(piece.encode())
        if size > limits.max_code_bytes:
            check_code("".join([*found, piece]), limits)
        found.append(piece)
    return replace(new, code="".join(found))
