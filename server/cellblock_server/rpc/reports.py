"""Conversion of usage and server status to messages for operators."""

from cellblock.v1 import admin_pb2 as pb
from cellblock_server.common.clock import utc_now
from cellblock_server.common.errors import InvalidArgumentError
from cellblock_server.common.supervisor import TaskStatus
from cellblock_server.sessions.billing import Report
from cellblock_server.sessions.overview import ServerNow, SessionNow
from cellblock_server.store.ledger import AMOUNTS, Interval


def interval(value: int) -> Interval:
    """Convert an interval from a request. Raises InvalidArgumentError."""
    try:
        return Interval(value)
    except ValueError as error:
        raise InvalidArgumentError("interval", f"unknown interval {value}") from error


def report_message(report: Report) -> pb.UsageReport:
    """Convert a tenant's usage to a message."""
    use = report.use
    message = pb.UsageReport(tenant_id=use.tenant, **{name: getattr(use, name) for name in AMOUNTS})
    message.start_time.FromDatetime(use.start)
    message.end_time.FromDatetime(report.end)
    return message


def server_message(now: ServerNow) -> pb.ServerStatus:
    """Convert the server's status to a message."""
    pool = now.pool
    message = pb.ServerStatus(
        version=now.version,
        backend=now.backend,
        checks=[
            pb.ReadinessCheck(name=name, problem=problem) for name, problem in now.problems.items()
        ],
        pool=pb.PoolStatus(waiting=pool.waiting, starting=pool.starting, wanted=pool.wanted),
        max_sessions=now.max_sessions,
        creating_sessions=now.creating_sessions,
        sessions=map(_session, now.sessions),
        background_tasks=map(_background_task, now.background_tasks),
    )
    message.start_time.FromDatetime(now.started)
    message.time.FromDatetime(utc_now())
    return message


def _background_task(status: TaskStatus) -> pb.BackgroundTaskStatus:
    message = pb.BackgroundTaskStatus(
        name=status.name,
        failures=status.failures,
        last_failure=status.last_failure,
        failing=status.is_failing,
    )
    if status.last_failure_time is not None:
        message.last_failure_time.FromDatetime(status.last_failure_time)
    if status.restart_time is not None:
        message.restart_time.FromDatetime(status.restart_time)
    return message


def _session(now: SessionNow) -> pb.SessionStatus:
    record = now.record
    message = pb.SessionStatus(
        tenant_id=record.tenant,
        session_id=record.id,
        state=record.state.name,
        cpu_seconds=record.cpu_seconds,
        cpus=now.cpus,
        memory_limit_bytes=int(record.limits["memory_bytes"]),
        executions=record.execution_count,
        waiting_executions=now.waiting_executions,
        running_execution_id=now.running_execution_id,
    )
    if now.memory_bytes is not None:
        message.memory_bytes = now.memory_bytes
    message.create_time.FromDatetime(record.create_time)
    message.last_use_time.FromDatetime(record.last_use_time)
    return message
