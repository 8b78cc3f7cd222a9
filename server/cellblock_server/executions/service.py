"""What callers do with executions."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy.exc import IntegrityError

from cellblock.v1 import execution_pb2 as pb
from cellblock_server.clock import Clock
from cellblock_server.environment import check_environment, environment_hash
from cellblock_server.errors import (
    AlreadyExistsError,
    InvalidArgumentError,
    NotFoundError,
    OutOfRangeError,
)
from cellblock_server.executions.journal import Journal
from cellblock_server.executions.messages import execution_message
from cellblock_server.executions.outputs import outputs_of
from cellblock_server.executions.place import WantedPlace
from cellblock_server.executions.runner import SessionRunner
from cellblock_server.ids import check_id, new_id
from cellblock_server.store.executions import ExecutionStore
from cellblock_server.store.paging import token_after
from cellblock_server.store.records import ExecutionRecord, ExecutionStatus, Page, SessionRecord
from cellblock_server.store.states import EXECUTION_ENDS
from cellblock_server.store.usage import Usage
from cellblock_server.uninterrupted import uninterrupted

MAX_PAGE_BYTES = 2 * 2**20
"""A page of executions ends early past this."""


@dataclass(frozen=True)
class ExecutionLimits:
    """What the operator allows one execution to ask for."""

    default_timeout: timedelta
    max_timeout: timedelta
    max_code_bytes: int


@dataclass(frozen=True)
class NewExecution:
    """Code to run, as the caller asks for it; None and empty mean the default."""

    code: str
    execution_id: str = ""
    timeout: timedelta | None = None
    environment: dict[str, str] = field(default_factory=dict)
    place: WantedPlace = field(default_factory=WantedPlace)

    def check(self, limits: ExecutionLimits) -> None:
        """Raise InvalidArgumentError or OutOfRangeError for the first bad field."""
        size = len(self.code.encode())
        if not self.code.strip():
            raise InvalidArgumentError("code", "is empty")
        if "\0" in self.code:
            raise InvalidArgumentError("code", "has a NUL character")
        if size > limits.max_code_bytes:
            raise OutOfRangeError(
                "code", f"must be at most {limits.max_code_bytes} bytes, got {size}"
            )
        if self.execution_id:
            check_id("execution_id", self.execution_id, "call_")
        most = limits.max_timeout
        if self.timeout is not None and not timedelta(0) < self.timeout <= most:
            raise OutOfRangeError(
                "timeout",
                f"must be over 0 s and at most {most.total_seconds():g} s, "
                f"got {self.timeout.total_seconds():g} s",
            )
        check_environment(self.environment)
        self.place.check()


class ExecutionService:
    """Accepts executions once, and tells what became of them."""

    def __init__(
        self,
        store: ExecutionStore,
        journal: Journal,
        usage: Usage,
        limits: ExecutionLimits,
        now: Clock,
    ) -> None:
        """Read from `store`; events come from `journal`; records have to fit by `usage`."""
        self._store = store
        self._journal = journal
        self._usage = usage
        self._limits = limits
        self._now = now

    def check(self, new: NewExecution) -> None:
        """Raise InvalidArgumentError or OutOfRangeError for the first bad field."""
        new.check(self._limits)

    async def known(
        self, tenant: str, session_id: str, new: NewExecution
    ) -> ExecutionRecord | None:
        """The execution that the same request made before, if it did.

        Raises AlreadyExistsError if the id was used for something else.
        """
        if not new.execution_id:
            return None
        # One reading, for the same request may be storing it at this moment.
        record = await self._store.holder(new.execution_id)
        if record is None:
            return None
        if record.tenant != tenant:
            raise AlreadyExistsError("execution", new.execution_id, "exists already")
        timeout = new.timeout or self._limits.default_timeout
        differences = [
            name
            for name, then, now in (
                ("session_id", record.session_id, session_id),
                ("code", record.code, new.code),
                ("timeout", record.timeout, timeout),
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

    async def submit(
        self, session: SessionRecord, runner: SessionRunner, new: NewExecution
    ) -> ExecutionRecord:
        """Accept an execution, or find the one that the same request made.

        A caller who leaves meanwhile does not stop it. Raises QuotaError.
        """
        code_bytes = len(new.code.encode())
        await self._usage.check_roughly(session.tenant, code_bytes)
        record = ExecutionRecord(
            id=new.execution_id or new_id("call_"),
            tenant=session.tenant,
            session_id=session.id,
            status=ExecutionStatus.QUEUED,
            code=new.code,
            timeout=new.timeout or self._limits.default_timeout,
            create_time=self._now(),
            ordinal=0,
            environment=new.environment,
            environment_hash=environment_hash(new.environment),
            record_bytes=code_bytes,
        )
        try:
            await uninterrupted(runner.submit(record, new.place.in_session(session)))
        except IntegrityError:
            # Sent twice at once: the other one was first.
            known = await self.known(session.tenant, session.id, new)
            if known is None:
                raise
            return known
        return record

    def watch(
        self, record: ExecutionRecord, from_sequence: int
    ) -> AsyncIterator[pb.ExecutionEvent]:
        """Its events from a number on, live or past. Raises OutOfRangeError past its end."""
        last = record.last_sequence
        if from_sequence < 0 or (record.status in EXECUTION_ENDS and from_sequence > last):
            raise OutOfRangeError("from_sequence", f"must be 0 to {last}, got {from_sequence}")
        return self._journal.watch(record.id, from_sequence)

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

    async def list(self, session_id: str, size: int, token: str) -> Page[pb.Execution]:
        """A page of a session's executions with their outputs, oldest first.

        It ends early when they are many.
        """
        page = await self._store.list(session_id, size, token)
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
