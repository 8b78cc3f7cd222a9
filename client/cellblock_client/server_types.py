"""What an operator is told of usage and of the server, as plain values. Times are UTC."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from cellblock.v1 import admin_pb2 as pb
from cellblock_client.types import time_of


class UsageInterval(Enum):
    """How a time is cut into reports."""

    WHOLE = pb.USAGE_INTERVAL_UNSPECIFIED
    """One for all of it."""
    HOUR = pb.USAGE_INTERVAL_HOUR
    DAY = pb.USAGE_INTERVAL_DAY


@dataclass(frozen=True)
class UsageReport:
    """What a tenant used in a time."""

    tenant_id: str
    start_time: datetime
    end_time: datetime
    sessions: int
    """Those that were made."""
    session_seconds: float
    """How long sessions lived, all together."""
    executions: int
    cpu_seconds: float
    stored_byte_hours: float
    """1 GiB for a day is 24 * 2**30."""
    egress_bytes: int


@dataclass(frozen=True)
class SessionStatus:
    """What one session does now."""

    tenant_id: str
    session_id: str
    state: str
    create_time: datetime
    last_use_time: datetime
    cpu_seconds: float
    """Since its start."""
    cpus: float
    """CPUs that it used in the last few seconds."""
    memory_bytes: int | None
    """None where the server can't see it."""
    memory_limit_bytes: int
    executions: int
    """In its life."""
    waiting_executions: int
    running_execution_id: str
    """Empty if none runs."""


@dataclass(frozen=True)
class BackgroundTaskStatus:
    """State of one background task of a server, or of all tasks of one kind that run once."""

    name: str
    failures: int
    """Unexpected failures since the server's start."""
    last_failure: str
    """Empty if there was none."""
    last_failure_time: datetime | None
    restart_time: datetime | None
    """When it is restarted; None while it runs."""
    failing: bool
    """Whether it failed and has not run well for a minute since."""


@dataclass(frozen=True)
class ServerStatus:
    """What a server does now."""

    version: str
    backend: str
    start_time: datetime
    time: datetime
    """Its clock."""
    problems: dict[str, str]
    """What is wrong with each thing that it needs; empty if nothing is."""
    pool_waiting: int
    pool_starting: int
    pool_wanted: int
    max_sessions: int
    creating_sessions: int
    sessions: tuple[SessionStatus, ...]
    """The oldest first."""
    background_tasks: tuple[BackgroundTaskStatus, ...] = ()


def usage_report(message: pb.UsageReport) -> UsageReport:
    """From the wire."""
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
    """From the wire."""
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
