"""Records as a store keeps them, for tests that need one and not its contents."""

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
    """Session `sess_1` of tenant `t`, last used and kept alive so many minutes after `START`."""
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
    """An execution of that session, queued; it may run a second."""
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
