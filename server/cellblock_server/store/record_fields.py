"""New versions of records: the fields that may change, typed, and the difference of two versions.

`dataclasses.replace` would do, but it costs more than 10 µs for a record of so many fields, and
each execution changes a dozen of them.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypedDict, TypeVar, Unpack

from cellblock_server.store.records import (
    CodeError,
    EndReason,
    ExecutionRecord,
    ExecutionStatus,
    Failure,
    SessionRecord,
    SessionState,
)

R = TypeVar("R", SessionRecord, ExecutionRecord)


class SessionFields(TypedDict, total=False):
    """Fields of `SessionRecord` that change in a session's life."""

    state: SessionState
    labels: Mapping[str, str]
    idle_timeout: timedelta
    lifetime: timedelta
    create_time: datetime
    last_use_time: datetime
    last_alive_time: datetime
    sandbox_id: str
    agent_token: str
    end_reason: EndReason
    end_message: str
    end_time: datetime | None
    kernel_generation: int
    execution_count: int
    acknowledged_sequence: int
    memory_loss_time: datetime | None
    memory_loss_message: str
    memory_loss_execution_id: str
    background_output: str
    background_changes: Sequence[Mapping[str, Any]]
    last_execution_id: str
    cpu_seconds: float
    billed_time: datetime | None
    billed_executions: int
    billed_cpu_seconds: float


class ExecutionFields(TypedDict, total=False):
    """Fields of `ExecutionRecord` that change in an execution's life."""

    status: ExecutionStatus
    code: str
    start_time: datetime | None
    end_time: datetime | None
    execution_count: int
    error: CodeError | None
    failure: Failure | None
    last_sequence: int
    environment: Mapping[str, str]
    record_bytes: int
    step_id: str
    cancel_requested: bool


def with_session_fields(record: SessionRecord, **fields: Unpack[SessionFields]) -> SessionRecord:
    """Return a new version of a session."""
    return _with_fields(record, fields)


def with_execution_fields(
    record: ExecutionRecord, **fields: Unpack[ExecutionFields]
) -> ExecutionRecord:
    """Return a new version of an execution."""
    return _with_fields(record, fields)


def changed_fields(before: R, after: R) -> dict[str, Any]:
    """Return the fields of `after` whose values differ from those of `before`, by name."""
    known = vars(before)
    return {
        name: value
        for name, value in vars(after).items()
        # Most are the same objects, and comparing values costs more.
        if value is not known[name] and value != known[name]
    }


def _with_fields(record: R, fields: Mapping[str, object]) -> R:
    made = object.__new__(type(record))
    vars(made).update(vars(record), **fields)
    return made
