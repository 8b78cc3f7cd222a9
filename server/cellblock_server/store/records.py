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
    """As in the API: see `SessionState` in `session.proto`."""

    CREATING = session_pb2.SESSION_STATE_CREATING
    READY = session_pb2.SESSION_STATE_READY
    BUSY = session_pb2.SESSION_STATE_BUSY
    RESTARTING = session_pb2.SESSION_STATE_RESTARTING
    EXPIRED = session_pb2.SESSION_STATE_EXPIRED
    DELETED = session_pb2.SESSION_STATE_DELETED
    FAILED = session_pb2.SESSION_STATE_FAILED


class EndReason(IntEnum):
    """As in the API: see `SessionEndReason` in `session.proto`."""

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
    """As in the API: see `ExecutionStatus` in `execution.proto`."""

    QUEUED = execution_pb2.EXECUTION_STATUS_QUEUED
    RUNNING = execution_pb2.EXECUTION_STATUS_RUNNING
    COMPLETED = execution_pb2.EXECUTION_STATUS_COMPLETED
    FAILED = execution_pb2.EXECUTION_STATUS_FAILED
    CANCELLED = execution_pb2.EXECUTION_STATUS_CANCELLED
    EXPIRED = execution_pb2.EXECUTION_STATUS_EXPIRED
    RECEIVING = execution_pb2.EXECUTION_STATUS_RECEIVING


class FailureCause(IntEnum):
    """As in the API: see `FailureCause` in `execution.proto`."""

    TIME_LIMIT = execution_pb2.FAILURE_CAUSE_TIME_LIMIT
    OUT_OF_MEMORY = execution_pb2.FAILURE_CAUSE_OUT_OF_MEMORY
    KERNEL_DIED = execution_pb2.FAILURE_CAUSE_KERNEL_DIED
    CANCELLED = execution_pb2.FAILURE_CAUSE_CANCELLED
    SESSION_RESTARTED = execution_pb2.FAILURE_CAUSE_SESSION_RESTARTED
    SESSION_ENDED = execution_pb2.FAILURE_CAUSE_SESSION_ENDED
    SANDBOX_LOST = execution_pb2.FAILURE_CAUSE_SANDBOX_LOST


class FilePurpose(IntEnum):
    """As in the API: see `FilePurpose` in `file.proto`."""

    ASSISTANTS = file_pb2.FILE_PURPOSE_ASSISTANTS
    ASSISTANTS_OUTPUT = file_pb2.FILE_PURPOSE_ASSISTANTS_OUTPUT
    VISION = file_pb2.FILE_PURPOSE_VISION
    USER_DATA = file_pb2.FILE_PURPOSE_USER_DATA


class Role(IntEnum):
    """As in the API: see `Role` in `admin.proto`. A larger one includes the smaller ones."""

    READ_ONLY = admin_pb2.ROLE_READ_ONLY
    EXECUTOR = admin_pb2.ROLE_EXECUTOR
    ADMIN = admin_pb2.ROLE_ADMIN


@dataclass(frozen=True)
class TenantRecord:
    """One tenant."""

    id: str
    create_time: datetime
    quotas: dict[str, float] = field(default_factory=dict)
    """Quotas that are set for it: see `Overrides` in `tenants/quotas.py`."""


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
    """Empty if the caller is unknown."""
    key_id: str
    """Id of the key; of an unknown caller, the id that it claimed."""
    peer: str
    """Its address, as gRPC has it."""
    rpc: str
    subjects: dict[str, str]
    """Ids of what it named, by their fields' names."""
    outcome: str
    """A gRPC status."""
    reason: str
    """As in `ErrorInfo`; empty if there is none."""


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
    """Last use or KeepAlive."""
    image: str
    runtime: str
    backend: str
    environment_names: Sequence[str]
    sandbox_id: str
    agent_token: str
    request_id: str | None
    request_hash: str
    """Distinguishes the same request from another one under the same `request_id`."""
    end_reason: EndReason = EndReason.NONE
    end_message: str = ""
    end_time: datetime | None = None
    kernel_generation: int = 1
    execution_count: int = 0
    acknowledged_sequence: int = 0
    """The agent's events up to this number are in the journal."""
    memory_loss_time: datetime | None = None
    """When the kernel's variables were lost last."""
    memory_loss_message: str = ""
    memory_loss_execution_id: str = ""
    background_output: str = ""
    """The newest of what was written while no execution ran."""
    background_changes: Sequence[Mapping[str, Any]] = field(default_factory=list)
    """The newest changes to files while no execution ran: fields of `FileChange`."""
    last_execution_id: str = ""
    """The execution that ended last: what runs on in the background was left by it."""
    cpu_seconds: float = 0.0
    """CPU time that has been counted as its tenant's."""
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
    """Its place in the session's order of arrival: 1, 2, 3, …"""
    start_time: datetime | None = None
    end_time: datetime | None = None
    execution_count: int = 0
    error: CodeError | None = None
    failure: Failure | None = None
    last_sequence: int = 0
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables of this execution; their values are deleted when it has ended."""
    environment_hash: str = ""
    """Distinguishes the same variables from others once the values are deleted."""
    record_bytes: int = 0
    """Its code and events in the store."""
    step_id: str = ""
    """The run step that it is a tool call of; empty for those of earlier releases."""
    cancel_requested: bool = False
    """Whether it is to be interrupted, by this server or the next."""


@dataclass(frozen=True)
class RunStepRecord:
    """One run step. Its tool calls are the executions that name it."""

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
    """An upload that can go on after its stream has broken off."""

    tenant: str
    id: str
    filename: str
    bytes: int | None
    sha256: str
    purpose: FilePurpose
    expires_after: timedelta | None
    expire_time: datetime
    """When it is forgotten."""
    received_bytes: int = 0
    """Counts against the quota; how many there really are, the partial file tells."""
    file_id: str = ""
    """Empty until it is complete."""


@dataclass(frozen=True)
class AttachmentRecord:
    """A file that is attached to a session."""

    tenant: str
    session_id: str
    file_id: str
    filename: str
    unpacked: bool = False
    """Whether `filename` is the folder that it was unpacked into."""


@dataclass
class Page(Generic[T]):
    """One page of a listing."""

    items: list[T]
    next_token: str = ""


@dataclass
class FileFilter:
    """Which files a listing wants, and in which order."""

    session_id: str = ""
    execution_id: str = ""
    filename: str = ""
    purpose: FilePurpose | None = None
    oldest_first: bool = False


@dataclass
class StepFilter:
    """Which run steps a listing wants, and which page, as the Assistants API has it."""

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
    """Which sessions a listing wants."""

    thread_id: str = ""
    states: list[SessionState] = field(default_factory=list)
