"""Retried requests: an id that the caller chose runs code once.

A caller that lost the answer sends the same request again, and gets the execution that the first
one made. Pure.
"""

from datetime import timedelta

from cellblock_server.common.errors import AlreadyExistsError
from cellblock_server.executions.environment import environment_hash
from cellblock_server.executions.request import NewExecution
from cellblock_server.store.records import ExecutionRecord, ExecutionStatus


def check_resent(
    record: ExecutionRecord, session_id: str, new: NewExecution, default_time_limit: timedelta
) -> None:
    """Raise AlreadyExistsError unless `new` is the request that made `record`.

    A request without a step id fits any. Of an execution that never ran, not all of the code may
    have come.
    """
    in_part = record.status is ExecutionStatus.RECEIVING or (
        record.status is ExecutionStatus.CANCELLED and record.start_time is None
    )
    differences = [
        name
        for name, then, now in (
            ("session_id", record.session_id, session_id),
            ("code", record.code, new.code[: len(record.code)] if in_part else new.code),
            ("time_limit", record.timeout, new.time_limit or default_time_limit),
            ("step_id", record.step_id, new.place.step_id or record.step_id),
            ("environment", record.environment_hash, environment_hash(new.environment)),
        )
        if then != now
    ]
    if differences:
        raise AlreadyExistsError(
            "execution", record.id, f"exists already with another {' and '.join(differences)}"
        )
