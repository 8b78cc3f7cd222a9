"""Starter of sessions: starts a sandbox, or takes over one that runs already."""

import time
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from cellblock.agent.v1.agent_pb2 import GetStatusResponse
from cellblock_server.agent.connecting import reconnect_agent
from cellblock_server.agent.connection import AgentConnection
from cellblock_server.agent.errors import StoreBehindError
from cellblock_server.agent.timings import AgentTimings
from cellblock_server.backends.backend import Backend
from cellblock_server.backends.sandbox import Sandbox, SandboxSpec
from cellblock_server.common.clock import SteadyClock
from cellblock_server.egress.session_egress import Egress, SessionEgress, missing
from cellblock_server.executions.overdue import OverdueTimings
from cellblock_server.executions.runner import RunnerBounds, SessionRunner
from cellblock_server.files.attachments import AttachmentService, AttachmentTarget, WantedAttachment
from cellblock_server.files.capture import Capture
from cellblock_server.files.file_service import FileService
from cellblock_server.journal.journal import Journal
from cellblock_server.journal.tracked import Tracked, TrackedSession
from cellblock_server.recording.recorder import UNKNOWN_RESTART, Recorder
from cellblock_server.sessions.live import LiveSession
from cellblock_server.sessions.pool import Pool
from cellblock_server.sessions.ready import ReadySandbox
from cellblock_server.sessions.request import NewSession
from cellblock_server.sessions.start_queue import StartQueue
from cellblock_server.store.executions import ExecutionStore
from cellblock_server.store.records import SessionRecord, SessionState
from cellblock_server.telemetry.metrics import Metrics
from cellblock_server.telemetry.tracing import step


@dataclass(frozen=True)
class SessionStarter:
    """Builder of `LiveSession`s from the parts that all sessions share."""

    backend: Backend
    pool: Pool
    journal: Journal
    executions: ExecutionStore
    files: FileService
    attachments: AttachmentService
    capture: Capture
    bounds: RunnerBounds
    start_timeout: timedelta
    start_queue: StartQueue
    now: SteadyClock
    egress: Egress | None
    """The egress proxy; None if no session may have egress."""
    metrics: Metrics
    agent_timings: AgentTimings = field(default_factory=AgentTimings)
    overdue_timings: OverdueTimings = field(default_factory=OverdueTimings)

    async def start(self, record: SessionRecord, spec: SandboxSpec, new: NewSession) -> LiveSession:
        """Start a session in a sandbox from the pool, or a new one, and attach its files.

        If this fails or is cancelled, nothing is left behind. Raises ExhaustedError if too many are
        being started.
        """
        began, source = time.perf_counter(), "pool"
        with step("pool take"):
            ready = await self.pool.take_sandbox(spec)
        if ready is None:
            source = "cold"
            async with self.start_queue.turn():
                with step("sandbox start"):
                    ready = await ReadySandbox.start(
                        self.backend,
                        spec,
                        record.agent_token,
                        self.start_timeout,
                        self.agent_timings,
                    )
        way_out = None
        try:
            way_out = await self._way_out(record, ready.sandbox)
            if new.environment:
                await ready.agent.set_environment(new.environment)
            place = AttachmentTarget(record.tenant, record.id, ready.sandbox, ready.agent)
            for wanted in new.attachments:
                file = await self.files.get(record.tenant, wanted.file_id)
                attachment = WantedAttachment(file, wanted.filename, wanted.unpack)
                await self.attachments.attach(place, attachment)
            session = Tracked(record)
            async with self.journal.transaction() as change:
                change.sessions.open(session, sandbox_id=ready.spec.id, agent_token=ready.token)
        except BaseException:
            if way_out is not None:
                await way_out.close()
            await ready.discard(self.backend)
            raise
        self.metrics.session_create_seconds.labels(source).observe(time.perf_counter() - began)
        return self._live(session, ready.sandbox, ready.agent, way_out)

    async def adopt(self, record: SessionRecord, sandbox: Sandbox) -> LiveSession:
        """Take over a sandbox that an earlier server process started.

        Raises HostileSandboxError, NotFoundError or AgentGoneError if it is unusable,
        WrongStateError if it has egress that is no longer allowed, StoreBehindError if a server
        with a newer database used it, and UnavailableError if the store fails.
        """
        connect = partial(self.backend.connect, sandbox.id)
        agent, status = await reconnect_agent(connect, record.agent_token, self.agent_timings)
        try:
            await self._check_store(record, status)
            generation = status.kernel_generation
            unfinished = await self.executions.unfinished(record)
            session = Tracked(record)
            if record.state is SessionState.RESTARTING or generation > record.kernel_generation:
                await self._catch_up(session, generation, busy=bool(unfinished))
            way_out = await self._way_out(record, sandbox)
        except BaseException:
            await agent.close()
            raise
        live = self._live(session, sandbox, agent, way_out)
        live.runner.adopt(unfinished)
        self.backend.adopt(sandbox.id)
        return live

    async def _check_store(self, record: SessionRecord, status: GetStatusResponse) -> None:
        """Raise StoreBehindError if the agent knows more than the store.

        Requests and acknowledgements are stored before they are sent: the store is an older copy.
        """
        if status.acknowledged_sequence > record.acknowledged_sequence:
            raise StoreBehindError(
                f"{status.acknowledged_sequence} of its events were stored, and "
                f"{record.acknowledged_sequence} are"
            )
        newest = status.newest_execution_id
        if newest and not await self.executions.find_execution(record.tenant, newest):
            raise StoreBehindError(f"execution {newest!r} is not stored")

    async def _catch_up(self, session: TrackedSession, generation: int, *, busy: bool) -> None:
        """Store the end of a restart that an earlier server did not record."""
        record = session.record
        async with self.journal.transaction() as change:
            if record.state is SessionState.RESTARTING:
                # The caller retries the restart if it still matters.
                state = SessionState.BUSY if busy else SessionState.READY
                change.sessions.set_state(session, state)
            if generation > record.kernel_generation:
                # If the agent has an event of it, that has more details and comes next.
                change.sessions.lose_memory(session, generation, UNKNOWN_RESTART)

    async def _way_out(self, record: SessionRecord, sandbox: Sandbox) -> SessionEgress | None:
        if not sandbox.has_egress:
            return None
        if self.egress is None:
            raise missing()
        return await self.egress.open(record.id, partial(self.backend.open_egress, sandbox.id))

    def _live(
        self,
        session: TrackedSession,
        sandbox: Sandbox,
        agent: AgentConnection,
        way_out: SessionEgress | None,
    ) -> LiveSession:
        recorder = Recorder(session, agent, self.journal, self.capture, self.bounds.output)
        runner = SessionRunner(
            session, agent, self.journal, recorder, self.bounds, self.overdue_timings
        )
        return LiveSession(session, sandbox, agent, runner, way_out, self.agent_timings)
