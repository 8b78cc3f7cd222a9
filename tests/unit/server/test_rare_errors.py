"""Errors that need a race, many callers or an incomplete installation."""

import asyncio
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cellblock.v1 import execution_pb2 as pb
from cellblock_server.agent.errors import AgentGoneError
from cellblock_server.assembly.parts import backend
from cellblock_server.common.clock import utc_now
from cellblock_server.common.errors import WrongStateError
from cellblock_server.config.settings import Settings
from cellblock_server.executions.runner import RunnerBounds, SessionRunner
from cellblock_server.journal.journal import Journal
from cellblock_server.journal.tracked import Tracked
from cellblock_server.store.database import Database
from cellblock_server.store.executions import ExecutionStore
from cellblock_server.store.records import ExecutionStatus, Failure, FailureCause, SessionState
from cellblock_server.store.sessions import SessionStore
from tests.support.databases import store_url
from tests.support.records import PLACE, execution_record, session_record

OVERTAKING_SECONDS = 0.3
ABSENT: Any = None
"""A dependency that the test never uses."""


@pytest.fixture
async def executions(tmp_path: Path) -> AsyncIterator[ExecutionStore]:
    database = Database(store_url(tmp_path / "store.db"))
    await database.start()
    try:
        await SessionStore(database).insert(session_record())
        yield ExecutionStore(database)
    finally:
        await database.close()


@pytest.fixture
def runner(executions: ExecutionStore) -> SessionRunner:
    """Return the runner of a session without a sandbox."""
    journal = Journal(executions._database, executions, utc_now, utc_now)
    bounds = RunnerBounds(max_queue=1, grace=timedelta(0), output=ABSENT)
    return SessionRunner(Tracked(session_record()), ABSENT, journal, ABSENT, bounds)


async def test_submit_to_a_session_that_just_ended_is_refused(
    executions: ExecutionStore, runner: SessionRunner
) -> None:
    ended = Failure(FailureCause.SESSION_ENDED, "deleted")
    await runner.end((ExecutionStatus.CANCELLED, ended), "deleted", lambda _: None)
    with pytest.raises(WrongStateError, match="session 'sess_1' has ended") as caught:
        await runner.submit(execution_record("call_1", 1), PLACE)
    assert caught.value.reason == "SESSION_ENDED"
    assert await executions.find_execution("t", "call_1") is None


async def test_code_for_an_execution_that_just_ended_is_refused(
    executions: ExecutionStore, runner: SessionRunner
) -> None:
    record = execution_record("call_1", 1)
    await runner.receive(record, PLACE)
    await runner.receive_code(record.id, "print(")
    await runner.cancel("call_1")
    for goes_on in (runner.receive_code(record.id, "1)"), runner.received(record.id)):
        with pytest.raises(WrongStateError, match="execution 'call_1' has ended") as caught:
            await goes_on
        assert caught.value.reason == "EXECUTION_ENDED"
    stored = await executions.find_execution("t", "call_1")
    assert stored is not None
    assert stored.status is ExecutionStatus.CANCELLED


async def test_restart_waits_until_earlier_executions_have_started(
    runner: SessionRunner,
) -> None:
    seen: list[ExecutionStatus] = []

    async def restart_kernel(_reason: str) -> int:
        seen.append(execution.record.status)
        return 2

    agent: Any = SimpleNamespace(restart_kernel=restart_kernel)
    runner._agent = agent
    await runner.submit(execution_record("call_1", 1), PLACE)
    execution = runner._queue[0]
    restarting = asyncio.create_task(runner.restart())
    await asyncio.wait({restarting}, timeout=OVERTAKING_SECONDS)
    assert seen == []
    async with runner._journal.transaction() as change:
        change.executions.start(execution, pb.Started())
    await restarting
    assert seen == [ExecutionStatus.RUNNING]


async def test_restart_during_the_end_of_an_execution_leaves_the_session_ready(
    runner: SessionRunner,
) -> None:
    await runner.submit(execution_record("call_1", 1), PLACE)
    execution = runner._current = runner._queue.popleft()
    async with runner._journal.transaction() as change:
        change.executions.start(execution, pb.Started())

    async def restart_kernel(_reason: str) -> int:
        # The end is stored, but the runner hasn't yet released the execution.
        async with runner._journal.transaction() as change:
            change.executions.finish(execution, ExecutionStatus.CANCELLED)
            change.sessions.set_state(runner._session, SessionState.READY)
        return 2

    agent: Any = SimpleNamespace(restart_kernel=restart_kernel)
    runner._agent = agent
    await runner.restart()
    assert runner._session.record.state is SessionState.READY


async def test_failed_restart_leaves_the_session_unchanged(
    runner: SessionRunner,
) -> None:
    async def restart_kernel(_reason: str) -> int:
        raise AgentGoneError("no response for 60 s")

    agent: Any = SimpleNamespace(restart_kernel=restart_kernel)
    runner._agent = agent
    with pytest.raises(AgentGoneError):
        await runner.restart()
    session = runner._session.record
    assert (session.state, session.memory_loss_time) == (SessionState.READY, None)


async def test_restart_of_a_session_that_ends_keeps_its_end_state(
    runner: SessionRunner,
) -> None:
    async def restart_kernel(_reason: str) -> int:
        async with runner._journal.transaction() as change:
            change.sessions.set_state(runner._session, SessionState.DELETED)
        return 2

    agent: Any = SimpleNamespace(restart_kernel=restart_kernel)
    runner._agent = agent
    with pytest.raises(WrongStateError, match="session 'sess_1' has ended"):
        await runner.restart()
    assert runner._session.record.state is SessionState.DELETED


def test_missing_local_backend_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CELLBLOCK_SANDBOX__BACKEND", "local")
    monkeypatch.delitem(sys.modules, "cellblock_server.backends.local.backend", raising=False)
    monkeypatch.setitem(sys.modules, "psutil", None)
    state: Any = SimpleNamespace(sandboxes=tmp_path)
    with pytest.raises(WrongStateError, match=r"needs psutil: pip install") as caught:
        backend(Settings(), state)
    assert caught.value.reason == "LOCAL_MISSING"


def test_missing_postgresql_driver_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("cellblock_server.store.postg")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(WrongStateError, match=r"needs psycopg: pip install") as caught:
        Database("postgresql://nowhere/nothing")
    assert caught.value.reason == "POSTGRESQL_MISSING"
