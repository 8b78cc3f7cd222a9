"""Usage reports and the server's status as plain values, for operators. Times are UTC."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from cellblock.v1 import admin_pb2 as pb
from cellblock_client.types import time_of


class UsageInterval(Enum):
    """Intervals into which a report divides its time."""

    WHOLE = pb.USAGE_INTERVAL_UNSPECIFIED
    """One interval for the whole time."""
    HOUR = pb.USAGE_INTERVAL_HOUR
    DAY = pb.USAGE_INTERVAL_DAY


@dataclass(frozen=True)
class UsageReport:
    """Usage of a tenant in an interval."""

    tenant_id: str
    start_time: datetime
    end_time: datetime
    sessions: int
    """Sessions created."""
    session_seconds: float
    """Lifetimes of all sessions together, in seconds."""
    executions: int
    cpu_seconds: float
    stored_byte_hours: float
    """Byte-hours of storage: 1 GiB for a day is 24 * 2**30."""
    egress_bytes: int


@dataclass(frozen=True)
class SessionStatus:
    """Current activity of one session."""

    tenant_id: str
    session_id: str
    state: str
    create_time: datetime
    last_use_time: datetime
    cpu_seconds: float
    """CPU seconds since the session's start."""
    cpus: float
    """CPUs used in the last few seconds."""
    memory_bytes: int | None
    """Memory in use; None if the server can't measure it."""
    memory_limit_bytes: int
    executions: int
    """Executions since the session's start."""
    waiting_executions: int
    running_execution_id: str
    """Id of the running execution; empty if none runs."""


@dataclass(frozen=True)
class BackgroundTaskStatus:
    """State of one background task of a server, or of all tasks of one kind that run once."""

    name: str
    failures: int
    """Unexpected failures since the server's start."""
    last_failure: str
    """Last failure; empty if there was none."""
    last_failure_time: datetime | None
    restart_time: datetime | None
    """Time of the next restart; None while it runs."""
    failing: bool
    """Whether it failed and has not run well for a minute since."""


@dataclass(frozen=True)
class ServerStatus:
    """Current state of a server."""

    version: str
    backend: str
    start_time: datetime
    time: datetime
    """Time of the server's clock."""
    problems: dict[str, str]
    """Problems by dependency; empty if there are none."""
    pool_waiting: int
    pool_starting: int
    pool_wanted: int
    max_sessions: int
    creating_sessions: int
    sessions: tuple[SessionStatus, ...]
    """Sessions, the oldest first."""
    background_tasks: tuple[BackgroundTaskStatus, ...] = ()


def usage_report(message: pb.UsageReport) -> UsageReport:
    """Convert a usage report from its proto message."""
    return UsageReport(
        tenant_id=message.tenant_id,
        start_time=time_of(message.start_time),
        end_time=time_of(message.end_time),
        sessions=message.sessions,
        session_seconds=message.session_seconds,
        executions=message.executions,
        cpu_seconds=message.cpu_seconds,
        stored_byte_hours=message.stored_byte_hours,
        egress_bytes=message.egress_bytes,
    )


def server_status(message: pb.ServerStatus) -> ServerStatus:
    """Convert a server's status from its proto message."""
    return ServerStatus(
        version=message.version,
        backend=message.backend,
        start_time=time_of(message.start_time),
        time=time_of(message.time),
        problems={check.name: check.problem for check in message.checks},
        pool_waiting=message.pool.waiting,
        pool_starting=message.pool.starting,
        pool_wanted=message.pool.wanted,
        max_sessions=message.max_sessions,
        creating_sessions=message.creating_sessions,
        sessions=tuple(map(_session, message.sessions)),
        background_tasks=tuple(map(_background_task, message.background_tasks)),
    )


def _background_task(message: pb.BackgroundTaskStatus) -> BackgroundTaskStatus:
    has_failed = message.HasField("last_failure_time")
    waits = message.HasField("restart_time")
    return BackgroundTaskStatus(
        name=message.name,
        failures=message.failures,
        last_failure=message.last_failure,
        last_failure_time=time_of(message.last_failure_time) if has_failed else None,
        restart_time=time_of(message.restart_time) if waits else None,
        failing=message.failing,
    )


def _session(message: pb.SessionStatus) -> SessionStatus:
    return SessionStatus(
        tenant_id=message.tenant_id,
        session_id=message.session_id,
        state=message.state,
        create_time=time_of(message.create_time),
        last_use_time=time_of(message.last_use_time),
        cpu_seconds=message.cpu_seconds,
        cpus=message.cpus,
        memory_bytes=message.memory_bytes if message.HasField("memory_bytes") else None,
        memory_limit_bytes=message.memory_limit_bytes,
        executions=message.executions,
        waiting_executions=message.waiting_executions,
        running_execution_id=message.running_execution_id,
    )
