"""Records of a store, for tests to which their contents don't matter."""

from datetime import UTC, datetime, timedelta

from cellblock_server.journal.run_step_place import WantedPlace
from cellblock_server.store.records import (
    ExecutionRecord,
    ExecutionStatus,
    SessionRecord,
    SessionState,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
"""Creation time of `session_record`."""


def session_record(*, used: float = 0, alive: float = 0) -> SessionRecord:
    """Return session `sess_1` of tenant `t`, used and kept alive minutes after `START`."""
    return SessionRecord(
        id="sess_1",
        tenant="t",
        state=SessionState.READY,
        thread_id="",
        labels={},
        limits={},
        idle_timeout=timedelta(minutes=20),
        lifetime=timedelta(hours=1),
        create_time=START,
        last_use_time=START + timedelta(minutes=used),
        last_alive_time=START + timedelta(minutes=alive),
        image="",
        runtime="",
        backend="docker",
        environment_names=[],
        sandbox_id="sbx_1",
        agent_token="",
        request_id=None,
        request_hash="",
    )


def execution_record(name: str, ordinal: int) -> ExecutionRecord:
    """Return a queued execution of that session, with a time limit of one second."""
    return ExecutionRecord(
        id=name,
        tenant="t",
        session_id="sess_1",
        status=ExecutionStatus.QUEUED,
        code="1",
        timeout=timedelta(seconds=1),
        create_time=START,
        ordinal=ordinal,
    )


PLACE = WantedPlace().in_session(session_record())
"""A run step of that session, new for each test's store."""
