"""Overview of the server's current state, for operators and as gauges for Prometheus."""

import asyncio
import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cellblock_server.backends.backend import Backend
from cellblock_server.common.supervisor import Supervisor, TaskStatus
from cellblock_server.sessions.billing import Billing
from cellblock_server.sessions.keeper import SessionKeeper
from cellblock_server.sessions.live import LiveSession
from cellblock_server.sessions.manager import SessionManager
from cellblock_server.sessions.meter import CpuMeter
from cellblock_server.sessions.pool import Pool, PoolStatus
from cellblock_server.sessions.readiness import Readiness
from cellblock_server.store.records import SessionRecord, SessionState
from cellblock_server.store.states import SESSION_ENDS
from cellblock_server.telemetry.metrics import Metrics, version

LIVE_STATES = [state for state in SessionState if state not in SESSION_ENDS]


@dataclass(frozen=True)
class SessionNow:
    """Current state of one session."""

    record: SessionRecord
    cpus: float
    memory_bytes: int | None
    """Memory in use; None if only the engine could measure it."""
    waiting_executions: int
    running_execution_id: str


@dataclass(frozen=True)
class ServerNow:
    """Current state of the server."""

    version: str
    backend: str
    started: datetime
    problems: Mapping[str, str]
    """Problems by dependency; see `Readiness`."""
    background_tasks: list[TaskStatus]
    pool: PoolStatus
    max_sessions: int
    creating_sessions: int
    sessions: list[SessionNow]


@dataclass(frozen=True)
class Overview:
    """Collects the state of all parts."""

    backend: Backend
    manager: SessionManager
    keeper: SessionKeeper
    pool: Pool
    meter: CpuMeter
    billing: Billing
    readiness: Readiness
    supervisor: Supervisor
    state_path: Path
    max_sessions: int
    started: datetime

    async def now(self) -> ServerNow:
        """Return the current state of the server, with the oldest session first."""
        return ServerNow(
            version=version(),
            backend=self.backend.name,
            started=self.started,
            problems=dict(self.readiness.problems),
            background_tasks=self.supervisor.statuses(),
            pool=self.pool.status(),
            max_sessions=self.max_sessions,
            creating_sessions=self.manager.creating,
            sessions=[await self._session(live) for live in self.keeper.live()],
        )

    async def set_gauges(self, metrics: Metrics) -> None:
        """Set the gauges to the current values."""
        metrics.build.labels(version(), self.backend.name).set(1)
        states = Counter(record.state for record in self.keeper.records())
        states[SessionState.CREATING] += self.manager.creating
        for state in LIVE_STATES:
            metrics.sessions.labels(state.name).set(states[state])
        metrics.sessions_max.set(self.max_sessions)
        pool = self.pool.status()
        for name in ("waiting", "starting", "wanted"):
            metrics.pool_sandboxes.labels(name).set(getattr(pool, name))
        metrics.sandboxes_left_behind.set(pool.left_behind + self.keeper.left_behind)
        runners = [live.runner for live in self.keeper.live()]
        metrics.executions.labels("RECEIVING").set(sum(runner.receiving for runner in runners))
        metrics.executions.labels("QUEUED").set(sum(runner.waiting for runner in runners))
        metrics.executions.labels("RUNNING").set(sum(bool(runner.running) for runner in runners))
        metrics.stored_bytes.set(self.billing.stored_bytes)
        disk = await asyncio.to_thread(shutil.disk_usage, self.state_path)
        metrics.disk_free_bytes.set(disk.free)
        for check, problem in self.readiness.problems.items():
            metrics.ready.labels(check).set(not problem)
        for task in self.supervisor.statuses():
            metrics.background_tasks_failing.labels(task.name).set(task.is_failing)
            # The counter exists from the start, so that the first failure is an increase from 0.
            metrics.background_task_failures.labels(task.name)

    async def _session(self, live: LiveSession) -> SessionNow:
        sandbox_id = live.record.sandbox_id
        return SessionNow(
            record=live.record,
            cpus=self.meter.cpus(sandbox_id),
            memory_bytes=await self.backend.memory_bytes(sandbox_id),
            waiting_executions=live.runner.waiting,
            running_execution_id=live.runner.running,
        )
