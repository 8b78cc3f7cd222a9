"""What callers do with executions."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta

from sqlalchemy.exc import IntegrityError

from cellblock.v1 import execution_pb2 as pb
from cellblock_server.common.clock import Clock
from cellblock_server.common.errors import (
    AlreadyExistsError,
    CellblockError,
    InvalidArgumentError,
    NotFoundError,
    OutOfRangeError,
)
from cellblock_server.common.ids import check_id, new_id
from cellblock_server.common.uninterrupted import uninterrupted
from cellblock_server.executions.environment import check_environment, environment_hash
from cellblock_server.executions.outputs import outputs_of
from cellblock_server.executions.runner import SessionRunner
from cellblock_server.journal.execution_messages import execution_message
from cellblock_server.journal.journal import Journal
from cellblock_server.journal.run_step_place import WantedPlace
from cellblock_server.store.executions import ExecutionStore
from cellblock_server.store.paging import token_after
from cellblock_server.store.records import ExecutionRecord, ExecutionStatus, Page, SessionRecord
from cellblock_server.store.states import EXECUTION_ENDS
from cellblock_server.store.usage import Usage
from cellblock_server.tenants.cpu_quota import CpuQuota
from cellblock_server.tenants.execution_quota import ExecutionQuota

MAX_PAGE_BYTES = 2 * 2**20
"""A page of executions ends early past this."""


@dataclass(frozen=True)
class ExecutionLimits:
    """What the operator allows one execution to ask for."""

    default_time_limit: timedelta
    max_time_limit: timedelta
    max_code_bytes: int


@dataclass(frozen=True)
class NewExecution:
    """Code to run, as the caller asks for it; None and empty mean the default."""

    code: str
    execution_id: str = ""
    time_limit: timedelta | None = None
    environment: dict[str, str] = field(default_factory=dict)
    place: WantedPlace = field(default_factory=WantedPlace)

    def check(self, limits: ExecutionLimits) -> None:
        """Raise InvalidArgumentError or OutOfRangeError for the first bad field."""
        if not self.code.strip():
            raise InvalidArgumentError("code", "is empty")
        check_code(self.code, limits)
        self.check_rest(limits)

    def check_rest(self, limits: ExecutionLimits) -> None:
        """As `check`, for all but the code."""
        if self.execution_id:
            check_id("execution_id", self.execution_id, "call_")
        most = limits.max_time_limit
        if self.time_limit is not None and not timedelta(0) < self.time_limit <= most:
            raise OutOfRangeError(
                "time_limit",
                f"must be over 0 s and at most {most.total_seconds():g} s, "
                f"got {self.time_limit.total_seconds():g} s",
            )
        check_environment(self.environment)
        self.place.check()


def check_code(code: str, limits: ExecutionLimits) -> None:
    """Raise InvalidArgumentError or OutOfRangeError for what no code can have, whole or not."""
    if "\0" in code:
        raise InvalidArgumentError("code", "has a NUL character")
    if (size := len(code.encode())) > limits.max_code_bytes:
        raise OutOfRangeError("code", f"must be at most {limits.max_code_bytes} bytes, got {size}")


class ExecutionService:
    """Accepts executions once, and tells what became of them."""

    def __init__(
        self,
        store: ExecutionStore,
        journal: Journal,
        usage: Usage,
        room: ExecutionQuota,
        cpu: CpuQuota,
        limits: ExecutionLimits,
        now: Clock,
    ) -> None:
        """Read from `store`; events come from `journal`; tenants have quotas."""
        self._store = store
        self._journal = journal
        self._usage = usage
        self._room = room
        self._cpu = cpu
        self._limits = limits
        self._now = now

    def check(self, new: NewExecution, *, with_code: bool = True) -> None:
        """Raise InvalidArgumentError or OutOfRangeError for the first bad field."""
        if with_code:
            new.check(self._limits)
        else:
            new.check_rest(self._limits)

    async def known(
        self, tenant: str, session_id: str, new: NewExecution
    ) -> ExecutionRecord | None:
        """The execution that the same request made before, if it did.

        Of one that never ran, not all of the code may have come. Raises AlreadyExistsError
        if the id was used for something else.
        """
        if not new.execution_id:
            return None
        record = await self._store.find(tenant, new.execution_id)
        if record is None:
            return None
        in_part = record.status is ExecutionStatus.RECEIVING or (
            record.status is ExecutionStatus.CANCELLED and record.start_time is None
        )
        time_limit = new.time_limit or self._limits.default_time_limit
        differences = [
            name
            for name, then, now in (
                ("session_id", record.session_id, session_id),
                ("code", record.code, new.code[: len(record.code)] if in_part else new.code),
                ("time_limit", record.timeout, time_limit),
                ("step_id", record.step_id, new.place.step_id or record.step_id),
                (
                    "environment",
                    record.environment_hash,
                    environment_hash(new.environment),
                ),
            )
            if then != now
        ]
        if differences:
            raise AlreadyExistsError(
                "execution", record.id, f"exists already with another {' and '.join(differences)}"
            )
        return record

    async def exists(self, tenant: str, execution_id: str) -> bool:
        """Whether there is an execution of this id."""
        return await self._store.find(tenant, execution_id) is not None

    async def submit(
        self, session: SessionRecord, runner: SessionRunner, new: NewExecution
    ) -> ExecutionRecord:
        """Accept an execution, or find the one that the same request made.

        A caller who leaves while it is stored does not stop it. Raises QuotaError.
        """
        self._cpu.check(session.tenant)
        await self._usage.check_roughly(session.tenant, len(new.code.encode()))
        record = self._record(session, new, ExecutionStatus.QUEUED)
        try:
            with self._room.room(session.tenant):
                await runner.submit(record, new.place.in_session(session))
        except IntegrityError:
            # Sent twice at once: the other one was first.
            known = await self.known(session.tenant, session.id, new)
            if known is None:
                raise
            return known
        return record

    async def receive(
        self,
        session: SessionRecord,
        runner: SessionRunner,
        new: NewExecution,
        pieces: AsyncIterator[str],
    ) -> ExecutionRecord:
        """Accept an execution whose code comes in pieces; it runs when all have come.

        A stream that ends with an error, or a caller who leaves before that, ends it.
        """
        self._cpu.check(session.tenant)
        await self._usage.check_roughly(session.tenant, 0)
        record = self._record(session, new, ExecutionStatus.RECEIVING)
        try:
            with self._room.room(session.tenant):
                await uninterrupted(runner.receive(record, new.place.in_session(session)))
        except IntegrityError:
            # Sent twice at once: the other one was first.
            whole = replace(new, code="".join([piece async for piece in pieces]))
            known = await self.known(session.tenant, session.id, whole)
            if known is None:
                raise
            return known
        try:
            async for piece in pieces:
                check_code(record.code + piece, self._limits)
                await uninterrupted(runner.receive_code(record, piece))
            if not record.code.strip():
                raise InvalidArgumentError("code", "is empty")
            await uninterrupted(runner.received(record))
        except BaseException as error:
            why = error.message if isinstance(error, CellblockError) else "the caller left"
            words = f"its code did not come whole: {why}"
            await uninterrupted(runner.break_off(record.id, words))
            raise
        return record

    def _record(
        self, session: SessionRecord, new: NewExecution, status: ExecutionStatus
    ) -> ExecutionRecord:
        return ExecutionRecord(
            id=new.execution_id or new_id("call_"),
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

    def watch(
        self, record: ExecutionRecord, from_sequence: int
    ) -> AsyncIterator[list[pb.ExecutionEvent]]:
        """Its events from a number on, live or past. Raises OutOfRangeError past its end."""
        last = record.last_sequence
        if from_sequence < 0 or (record.status in EXECUTION_ENDS and from_sequence > last):
            raise OutOfRangeError("from_sequence", f"must be 0 to {last}, got {from_sequence}")
        return self._journal.watch(record, from_sequence)

    async def get(self, tenant: str, execution_id: str) -> ExecutionRecord:
        """An execution. Raises NotFoundError."""
        record = await self._store.find(tenant, execution_id)
        if record is None:
            raise NotFoundError("execution", execution_id)
        return record

    async def whole(self, record: ExecutionRecord) -> pb.Execution:
        """An execution with its outputs so far."""
        message = execution_message(record)
        message.outputs.extend(await outputs_of(self._journal.read(record)))
        return message

    async def list(self, session: SessionRecord, size: int, token: str) -> Page[pb.Execution]:
        """A page of a session's executions with their outputs, oldest first.

        It ends early when they are many.
        """
        page = await self._store.list(session, size, token)
        messages: list[pb.Execution] = []
        total = 0
        for record in page.items:
            message = await self.whole(record)
            total += message.ByteSize()
            if messages and total > MAX_PAGE_BYTES:
                last = page.items[len(messages) - 1]
                return Page(messages, token_after(last.ordinal))
            messages.append(message)
        return Page(messages, page.next_token)
