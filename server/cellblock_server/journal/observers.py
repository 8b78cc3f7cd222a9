"""Observers of the journal, which are called after each transaction."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

import structlog

from cellblock_server.store.records import ExecutionRecord, SessionRecord
from cellblock_server.telemetry.metrics import Metrics

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Stored:
    """Contents of one transaction that was stored, with records as they are after it."""

    accepted: list[ExecutionRecord] = field(default_factory=list)
    """Executions that are new."""
    started: list[ExecutionRecord] = field(default_factory=list)
    """Executions whose sandbox reported their start."""
    ended: list[ExecutionRecord] = field(default_factory=list)
    claims: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Begin and end of the code of executions that ended, by id: nanoseconds since 1970, as claimed
    by the sandbox."""
    ended_sessions: list[SessionRecord] = field(default_factory=list)
    event_bytes: int = 0
    file_bytes: int = 0
    """Size of generated files."""


Observer = Callable[[Stored], None]
"""Called after each transaction. It must not raise: the transaction is stored already."""


def log_ends(stored: Stored) -> None:
    """Log the executions that ended, with status and cause."""
    for record in stored.ended:
        log.info(
            "execution_ended",
            session_id=record.session_id,
            execution_id=record.id,
            status=record.status.name,
            cause=record.failure.cause.name if record.failure else None,
        )


class Counting:
    """Counts stored events, files, and ends in the metrics."""

    def __init__(self, metrics: Metrics) -> None:
        """Count in `metrics`."""
        self._metrics = metrics
        self._ended = cache(metrics.executions_ended.labels)
        self._seconds = cache(metrics.execution_seconds.labels)

    def __call__(self, stored: Stored) -> None:
        """Count one transaction."""
        metrics = self._metrics
        if stored.event_bytes:
            metrics.event_bytes.inc(stored.event_bytes)
        if stored.file_bytes:
            metrics.file_bytes.labels("execution").inc(stored.file_bytes)
        for record in stored.started:
            waited = seconds_between(record.create_time, record.start_time)
            metrics.execution_first_event_seconds.observe(waited)
        for record in stored.ended:
            self._ended(record.status.name, cause_of(record)).inc()
            if record.start_time is not None:
                ran = seconds_between(record.start_time, record.end_time)
                self._seconds(record.status.name).observe(ran)
        for session in stored.ended_sessions:
            metrics.sessions_ended.labels(session.end_reason.name).inc()


def cause_of(record: ExecutionRecord) -> str:
    """Return the cause of an execution's end: its failure's, EXCEPTION, or NONE."""
    if record.failure is not None:
        return record.failure.cause.name
    return "NONE" if record.error is None else "EXCEPTION"


def seconds_between(begin: datetime, end: datetime | None) -> float:
    """Return the seconds between two times, at least 0: the clock may have been set back."""
    return 0.0 if end is None else max(0.0, (end - begin).total_seconds())
