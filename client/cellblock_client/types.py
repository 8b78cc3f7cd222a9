"""What the API's messages are in Python: plain, immutable values. Times are UTC."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from cellblock.v1 import execution_pb2, file_pb2, session_pb2


class SessionState(Enum):
    """Where a session is in its life."""

    CREATING = session_pb2.SESSION_STATE_CREATING
    READY = session_pb2.SESSION_STATE_READY
    BUSY = session_pb2.SESSION_STATE_BUSY
    RESTARTING = session_pb2.SESSION_STATE_RESTARTING
    EXPIRED = session_pb2.SESSION_STATE_EXPIRED
    DELETED = session_pb2.SESSION_STATE_DELETED
    FAILED = session_pb2.SESSION_STATE_FAILED


class ExecutionStatus(Enum):
    """Where an execution is in its life."""

    QUEUED = execution_pb2.EXECUTION_STATUS_QUEUED
    RUNNING = execution_pb2.EXECUTION_STATUS_RUNNING
    COMPLETED = execution_pb2.EXECUTION_STATUS_COMPLETED
    FAILED = execution_pb2.EXECUTION_STATUS_FAILED
    CANCELLED = execution_pb2.EXECUTION_STATUS_CANCELLED
    EXPIRED = execution_pb2.EXECUTION_STATUS_EXPIRED


class FailureCause(Enum):
    """What ended an execution from outside its code."""

    TIME_LIMIT = execution_pb2.FAILURE_CAUSE_TIME_LIMIT
    OUT_OF_MEMORY = execution_pb2.FAILURE_CAUSE_OUT_OF_MEMORY
    KERNEL_DIED = execution_pb2.FAILURE_CAUSE_KERNEL_DIED
    CANCELLED = execution_pb2.FAILURE_CAUSE_CANCELLED
    SESSION_RESTARTED = execution_pb2.FAILURE_CAUSE_SESSION_RESTARTED
    SESSION_ENDED = execution_pb2.FAILURE_CAUSE_SESSION_ENDED
    SANDBOX_LOST = execution_pb2.FAILURE_CAUSE_SANDBOX_LOST


class FilePurpose(Enum):
    """Where a file comes from."""

    ASSISTANTS = file_pb2.FILE_PURPOSE_ASSISTANTS
    ASSISTANTS_OUTPUT = file_pb2.FILE_PURPOSE_ASSISTANTS_OUTPUT


@dataclass(frozen=True)
class Limits:
    """What a sandbox may use. In a request, 0 means the operator's default."""

    memory_bytes: int = 0
    cpus: float = 0
    pids: int = 0
    data_bytes: int = 0
    tmp_bytes: int = 0


@dataclass(frozen=True)
class MemoryLoss:
    """A fresh kernel took another's place: variables and imports are gone, files are not."""

    time: datetime
    message: str
    execution_id: str
    """The execution that it ended; empty if nothing ran."""


@dataclass(frozen=True)
class SessionInfo:
    """A session as the server last told it; the fields are those of `Session` in the proto."""

    id: str
    state: SessionState
    end_reason: str
    """Such as `IDLE_TIMEOUT`; empty while it has not ended."""
    end_message: str
    thread_id: str
    labels: dict[str, str]
    limits: Limits
    idle_timeout: timedelta
    lifetime: timedelta
    create_time: datetime
    last_use_time: datetime
    expire_time: datetime | None
    end_time: datetime | None
    image: str
    runtime: str
    backend: str
    environment_names: tuple[str, ...]
    kernel_generation: int
    execution_count: int
    memory_loss: MemoryLoss | None
    """The last time that variables were lost."""
    background_output: str
    """The newest of what was written while none of its executions ran; empty in lists."""


@dataclass(frozen=True)
class CodeError:
    """The exception that ended an execution's code."""

    name: str
    value: str
    traceback: tuple[str, ...]


@dataclass(frozen=True)
class Failure:
    """What ended an execution from outside its code."""

    cause: FailureCause
    message: str
    memory_lost: bool


@dataclass(frozen=True)
class ExecutionInfo:
    """The record of an execution; the fields are those of `Execution` in the proto."""

    id: str
    session_id: str
    status: ExecutionStatus
    code: str
    timeout: timedelta
    create_time: datetime
    start_time: datetime | None
    end_time: datetime | None
    execution_count: int
    error: CodeError | None
    failure: Failure | None
    last_sequence: int
    outputs: tuple["str | File", ...]
    """What it showed, as a reader sees it in the end: text, and images between it.

    Empty in events.
    """
    environment_names: tuple[str, ...]


@dataclass(frozen=True)
class File:
    """A stored file's metadata; the fields are those of `File` in the proto."""

    id: str
    filename: str
    bytes: int
    mime_type: str
    sha256: str
    purpose: FilePurpose
    create_time: datetime
    session_id: str
    execution_id: str
    path: str


@dataclass(frozen=True)
class SessionFile:
    """One file in a session's `/mnt/data` now."""

    path: str
    bytes: int
    modify_time: datetime


def session_info(message: session_pb2.Session) -> SessionInfo:
    """From the wire."""
    reason = session_pb2.SessionEndReason.Name(message.end_reason)
    limits = message.limits
    return SessionInfo(
        id=message.id,
        state=SessionState(message.state),
        end_reason=reason.removeprefix("SESSION_END_REASON_").replace("UNSPECIFIED", ""),
        end_message=message.end_message,
        thread_id=message.thread_id,
        labels=dict(message.labels),
        limits=Limits(
            memory_bytes=limits.memory_bytes,
            cpus=limits.cpus,
            pids=limits.pids,
            data_bytes=limits.data_bytes,
            tmp_bytes=limits.tmp_bytes,
        ),
        idle_timeout=message.idle_timeout.ToTimedelta(),
        lifetime=message.lifetime.ToTimedelta(),
        create_time=time_of(message.create_time),
        last_use_time=time_of(message.last_use_time),
        expire_time=_optional_time(message, "expire_time"),
        end_time=_optional_time(message, "end_time"),
        image=message.image,
        runtime=message.runtime,
        backend=message.backend,
        environment_names=tuple(message.environment_names),
        kernel_generation=message.kernel_generation,
        execution_count=message.execution_count,
        memory_loss=_memory_loss(message.memory_loss) if message.HasField("memory_loss") else None,
        background_output=message.background_output,
    )


def execution_info(message: execution_pb2.Execution) -> ExecutionInfo:
    """From the wire."""
    return ExecutionInfo(
        id=message.id,
        session_id=message.session_id,
        status=ExecutionStatus(message.status),
        code=message.code,
        timeout=message.timeout.ToTimedelta(),
        create_time=time_of(message.create_time),
        start_time=_optional_time(message, "start_time"),
        end_time=_optional_time(message, "end_time"),
        execution_count=message.execution_count,
        error=code_error(message.error) if message.HasField("error") else None,
        failure=_failure(message.failure) if message.HasField("failure") else None,
        last_sequence=message.last_sequence,
        outputs=tuple(map(_output, message.outputs)),
        environment_names=tuple(message.environment_names),
    )


def code_error(message: execution_pb2.CodeError) -> CodeError:
    """From the wire."""
    return CodeError(message.name, message.value, tuple(message.traceback))


def file_of(message: file_pb2.File) -> File:
    """From the wire."""
    return File(
        id=message.id,
        filename=message.filename,
        bytes=message.bytes,
        mime_type=message.mime_type,
        sha256=message.sha256,
        purpose=FilePurpose(message.purpose),
        create_time=time_of(message.create_time),
        session_id=message.session_id,
        execution_id=message.execution_id,
        path=message.path,
    )


def session_file(message: file_pb2.SessionFile) -> SessionFile:
    """From the wire."""
    return SessionFile(message.path, message.bytes, time_of(message.modify_time))


def time_of(message: Timestamp) -> datetime:
    """From the wire."""
    return message.ToDatetime(tzinfo=UTC)


def _memory_loss(message: session_pb2.MemoryLoss) -> MemoryLoss:
    return MemoryLoss(time_of(message.time), message.message, message.execution_id)


def _output(message: execution_pb2.Output) -> str | File:
    return file_of(message.image) if message.HasField("image") else message.logs


def _failure(message: execution_pb2.Failure) -> Failure:
    return Failure(FailureCause(message.cause), message.message, message.memory_lost)


def _optional_time(message: Message, field: str) -> datetime | None:
    return time_of(getattr(message, field)) if message.HasField(field) else None
