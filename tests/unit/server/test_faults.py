"""A bug in one session: its executions and sandbox are ended, and others continue."""

import asyncio
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from cellblock_server.common.clock import SteadyClock, utc_now
from cellblock_server.common.supervisor import Supervisor
from cellblock_server.journal.journal import Journal
from cellblock_server.journal.tracked import Tracked, TrackedSession
from cellblock_server.sessions.keeper import SessionKeeper
from cellblock_server.sessions.live import DELETED, End, Ending
from cellblock_server.store.database import Database
from cellblock_server.store.executions import ExecutionStore
from cellblock_server.store.records import ExecutionStatus, SessionRecord, SessionState
from cellblock_server.store.sessions import SessionStore
from tests.support.clocks import real_steady_clock
from tests.support.databases import store_url
from tests.support.records import PLACE, execution_record, session_record


class Sandboxes:
    """A backend that records which sandboxes it destroyed."""

    capabilities = SimpleNamespace(outlives_server=True)

    def __init__(self) -> None:
        self.destroyed: list[str] = []

    async def list(self) -> list[Any]:
        return []

    async def reap(self) -> None:
        """Do nothing: there is nothing to remove."""

    async def destroy(self, sandbox_id: str) -> None:
        self.destroyed.append(sandbox_id)


class Faulty:
    """A live session whose runner fails at the end, as a bug would."""

    def __init__(self) -> None:
        self.session = Tracked(session_record())
        self.runner = self.agent = self.way_out = self
        self.busy = False
        self.ended = asyncio.Event()
        self.carried_bytes = self.billed_bytes = 0

    @property
    def record(self) -> SessionRecord:
        return self.session.record

    async def until_end(self, _backend: object) -> object:
        return DELETED

    def ending(self, end: End, clock: SteadyClock) -> Ending:
        return end.change_for(self.session, clock)

    async def end(self, *_arguments: object) -> None:
        raise KeyError("a bug")

    async def close(self) -> None:
        """Do nothing: no connection is open."""


async def test_fault_at_the_end_of_a_session_still_ends_its_executions_and_sandbox(
    tmp_path: Path,
) -> None:
    database = Database(store_url(tmp_path / "store.db"))
    await database.start()
    try:
        sessions, executions = SessionStore(database), ExecutionStore(database)
        steady = real_steady_clock()
        journal = Journal(database, executions, utc_now, steady)
        sandboxes, live = Sandboxes(), Faulty()
        measured: list[tuple[str, list[str]]] = []

        async def measure(session: TrackedSession) -> None:
            measured.append((session.record.sandbox_id, list(sandboxes.destroyed)))

        keeper = SessionKeeper(
            SimpleNamespace(backend=sandboxes, journal=journal, executions=executions, now=steady),  # type: ignore[arg-type]
            sessions,
            timedelta(hours=24),
            steady,
            measure,
            Supervisor(),
            end_on_shutdown=False,
        )
        async with keeper:
            await sessions.insert(live.record)
            async with journal.transaction() as change:
                change.executions.accept(execution_record("call_1", 1), PLACE)
            keeper.run_session(live)  # type: ignore[arg-type]
            await live.ended.wait()
        execution = await executions.find_execution("t", "call_1")
        session = await sessions.find_session("t", "sess_1")
        assert execution is not None
        assert session is not None
        assert execution.status is ExecutionStatus.EXPIRED
        assert session.state is SessionState.DELETED
        assert sandboxes.destroyed == ["sbx_1"]
        # The CPU time was measured while the sandbox existed.
        assert measured == [("sbx_1", [])]
    finally:
        await database.close()
