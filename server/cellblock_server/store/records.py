"""Records of the store: immutable values. Times are UTC.

A change makes a new record with `dataclasses.replace`, whose fields mypy checks. The record in
memory is replaced once the new one is stored; see `journal/tracked.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any, Generic, TypeVar

from cellblock.v1 import admin_pb2, execution_pb2, file_pb2, session_pb2

T = TypeVar("T")


class SessionState(IntEnum):
    """State of a session: see `SessionState` in `session.proto`."""

    CREATING = session_pb2.SESSION_STATE_CREATING
    READY = session_pb2.SESSION_STATE_READY
    BUSY = session_pb2.SESSION_STATE_BUSY
    RESTARTING = session_pb2.SESSION_STATE_RESTARTING
    EXPIRED = session_pb2.SESSION_STATE_EXPIRED
    DELETED = session_pb2.SESSION_STATE_DELETED
    FAILED = session_pb2.SESSION_STATE_FAILED


class EndReason(IntEnum):
    """Reason why a session ended: see `SessionEndReason` in `session.proto`."""

    NONE = session_pb2.SESSION_END_REASON_UNSPECIFIED
    IDLE_TIMEOUT = session_pb2.SESSION_END_REASON_IDLE_TIMEOUT
    LIFETIME = session_pb2.SESSION_END_REASON_LIFETIME
    DELETED = session_pb2.SESSION_END_REASON_DELETED
    START_FAILED = session_pb2.SESSION_END_REASON_START_FAILED
    SANDBOX_LOST = session_pb2.SESSION_END_REASON_SANDBOX_LOST
    PROTOCOL_VIOLATION = session_pb2.SESSION_END_REASON_PROTOCOL_VIOLATION
    SERVER_STOPPED = session_pb2.SESSION_END_REASON_SERVER_STOPPED
    SERVER_FAULT = session_pb2.SESSION_END_REASON_SERVER_FAULT
    STORE_BEHIND = session_pb2.SESSION_END_REASON_STORE_BEHIND


class ExecutionStatus(IntEnum):
    """Status of an execution: see `ExecutionStatus` in `execution.proto`."""

    QUEUED = execution_pb2.EXECUTION_STATUS_QUEUED
    RUNNING = execution_pb2.EXECUTION_STATUS_RUNNING
    COMPLETED = execution_pb2.EXECUTION_STATUS_COMPLETED
    FAILED = execution_pb2.EXECUTION_STATUS_FAILED
    CANCELLED = execution_pb2.EXECUTION_STATUS_CANCELLED
    EXPIRED = execution_pb2.EXECUTION_STATUS_EXPIRED
    RECEIVING = execution_pb2.EXECUTION_STATUS_RECEIVING


class FailureCause(IntEnum):
    """Cause of an execution's failure: see `FailureCause` in `execution.proto`."""

    TIME_LIMIT = execution_pb2.FAILURE_CAUSE_TIME_LIMIT
    OUT_OF_MEMORY = execution_pb2.FAILURE_CAUSE_OUT_OF_MEMORY
    KERNEL_DIED = execution_pb2.FAILURE_CAUSE_KERNEL_DIED
    CANCELLED = execution_pb2.FAILURE_CAUSE_CANCELLED
    SESSION_RESTARTED = execution_pb2.FAILURE_CAUSE_SESSION_RESTARTED
    SESSION_ENDED = execution_pb2.FAILURE_CAUSE_SESSION_ENDED
    SANDBOX_LOST = execution_pb2.FAILURE_CAUSE_SANDBOX_LOST


class FilePurpose(IntEnum):
    """Purpose of a file: see `FilePurpose` in `file.proto`."""

    ASSISTANTS = file_pb2.FILE_PURPOSE_ASSISTANTS
    ASSISTANTS_OUTPUT = file_pb2.FILE_PURPOSE_ASSISTANTS_OUTPUT
    VISION = file_pb2.FILE_PURPOSE_VISION
    USER_DATA = file_pb2.FILE_PURPOSE_USER_DATA


class Role(IntEnum):
    """Role of a key: see `Role` in `admin.proto`. A larger value includes the smaller ones."""

    READ_ONLY = admin_pb2.ROLE_READ_ONLY
    EXECUTOR = admin_pb2.ROLE_EXECUTOR
    ADMIN = admin_pb2.ROLE_ADMIN


@dataclass(frozen=True)
class TenantRecord:
    """One tenant."""

    id: str
    create_time: datetime
    quotas: dict[str, float] = field(default_factory=dict)
    """Quotas set for this tenant: see `Overrides` in `tenants/quotas.py`."""


@dataclass(frozen=True)
class KeyRecord:
    """One API key, without its secret."""

    id: str
    tenant: str
    role: Role
    description: str
    hash: str
    create_time: datetime
    expire_time: datetime | None = None
    previous_hash: str = ""
    """Hash of the secret before the last rotation; empty if there was none."""
    previous_expire_time: datetime | None = None
    rotate_time: datetime | None = None
    revoke_time: datetime | None = None
    last_use_time: datetime | None = None


@dataclass(frozen=True)
class AuditRecord:
    """One entry of the audit log."""

    time: datetime
    tenant: str
    """Tenant of the caller; empty if the caller is unknown."""
    key_id: str
    """Id of the key; for an unknown caller, the id that it claimed."""
    peer: str
    """Address of the caller, in gRPC's form."""
    rpc: str
    subjects: dict[str, str]
    """Ids of the objects that the call named, by field name."""
    outcome: str
    """Name of a gRPC status."""
    reason: str
    """Reason as in `ErrorInfo`; empty if there is none."""


@dataclass(frozen=True)
class SessionRecord:
    """One session.

    While it lives, its times are by the steady clock, so that setting the wall clock neither
    ends it nor keeps it; when it ends, they become the wall clock's, as all others are.
    """

    id: str
    tenant: str
    state: SessionState
    thread_id: str
    labels: Mapping[str, str]
    limits: Mapping[str, float]
    """Fields of `SandboxLimits`."""
    idle_timeout: timedelta
    lifetime: timedelta
    create_time: datetime
    last_use_time: datetime
    last_alive_time: datetime
    """Time of the last use or KeepAlive."""
    image: str
    runtime: str
    backend: str
    environment_names: Sequence[str]
    sandbox_id: str
    agent_token: str
    request_id: str | None
    request_hash: str
    """Hash that detects a different request under the same `request_id`."""
    end_reason: EndReason = EndReason.NONE
    end_message: str = ""
    end_time: datetime | None = None
    kernel_generation: int = 1
    execution_count: int = 0
    acknowledged_sequence: int = 0
    """Number of the last agent event that is in the journal."""
    memory_loss_time: datetime | None = None
    """Time at which the kernel's variables were last lost."""
    memory_loss_message: str = ""
    memory_loss_execution_id: str = ""
    background_output: str = ""
    """Newest output that was written while no execution ran."""
    background_changes: Sequence[Mapping[str, Any]] = field(default_factory=list)
    """Newest changes to files while no execution ran: fields of `FileChange`."""
    last_execution_id: str = ""
    """Execution that ended last: code running in the background belongs to it."""
    cpu_seconds: float = 0.0
    """CPU time already counted for the session's tenant."""
    billed_time: datetime | None = None
    """Time up to which its use is in `tenant_usage`; None if nothing is billed."""
    billed_executions: int = 0
    """Part of `execution_count` that is billed."""
    billed_cpu_seconds: float = 0.0
    """Part of `cpu_seconds` that is billed."""


@dataclass(frozen=True)
class CodeError:
    """The exception that ended an execution's code."""

    name: str
    value: str
    traceback: Sequence[str]


@dataclass(frozen=True)
class Failure:
    """Cause from outside its code that ended an execution."""

    cause: FailureCause
    message: str
    memory_lost: bool = False


@dataclass(frozen=True)
class ExecutionRecord:
    """One execution."""

    id: str
    tenant: str
    session_id: str
    status: ExecutionStatus
    code: str
    timeout: timedelta
    create_time: datetime
    ordinal: int
    """Position in the session's order of arrival: 1, 2, 3, …"""
    start_time: datetime | None = None
    end_time: datetime | None = None
    execution_count: int = 0
    error: CodeError | None = None
    failure: Failure | None = None
    last_sequence: int = 0
    environment: Mapping[str, str] = field(default_factory=dict)
    """Environment variables of this execution; their values are deleted when it has ended."""
    environment_hash: str = ""
    """Hash that detects different variables after the values are deleted."""
    record_bytes: int = 0
    """Size of its code and events in the store, in bytes."""
    step_id: str = ""
    """Run step that this execution is a tool call of; empty for earlier releases."""
    cancel_requested: bool = False
    """Whether this execution is to be interrupted, by this server or the next."""


@dataclass(frozen=True)
class RunStepRecord:
    """One run step. Its tool calls are the executions with its id."""

    id: str
    tenant: str
    session_id: str
    thread_id: str
    run_id: str
    assistant_id: str
    create_time: datetime
    more_calls: bool = False
    """Whether the caller said that more tool calls will follow."""


@dataclass(frozen=True)
class FileRecord:
    """One file's metadata; the bytes are in the blob store under `sha256`."""

    id: str
    tenant: str
    filename: str
    bytes: int
    mime_type: str
    sha256: str
    purpose: FilePurpose
    create_time: datetime
    session_id: str = ""
    execution_id: str = ""
    path: str = ""
    expire_time: datetime | None = None


@dataclass(frozen=True)
class UploadRecord:
    """Upload that can be resumed after its stream was interrupted."""

    tenant: str
    id: str
    filename: str
    bytes: int | None
    sha256: str
    purpose: FilePurpose
    expires_after: timedelta | None
    expire_time: datetime
    """Time at which the upload is deleted."""
    received_bytes: int = 0
    """Bytes counted against the quota; the partial file has the real size."""
    file_id: str = ""
    """Id of the stored file; empty until the upload is complete."""


@dataclass(frozen=True)
class AttachmentRecord:
    """A file that is attached to a session."""

    tenant: str
    session_id: str
    file_id: str
    filename: str
    unpacked: bool = False
    """Whether `filename` is the directory into which the file was unpacked."""


@dataclass
class Page(Generic[T]):
    """One page of a listing."""

    items: list[T]
    next_token: str = ""


@dataclass
class FileFilter:
    """Filter and order of a listing of files."""

    session_id: str = ""
    execution_id: str = ""
    filename: str = ""
    purpose: FilePurpose | None = None
    oldest_first: bool = False


@dataclass
class StepFilter:
    """Filter and page of a listing of run steps, as in the Assistants API."""

    session_id: str = ""
    thread_id: str = ""
    run_id: str = ""
    limit: int = 20
    oldest_first: bool = False
    after: str = ""
    before: str = ""


@dataclass
class StepPage:
    """One page of run steps."""

    items: list[RunStepRecord]
    has_more: bool


@dataclass
class SessionFilter:
    """Filter of a listing of sessions."""

    thread_id: str = ""
    states: list[SessionState] = field(default_factory=list)
