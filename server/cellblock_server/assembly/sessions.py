"""Assembly of backend, pool, sessions and the metering of their use."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from cellblock_server.assembly import parts
from cellblock_server.assembly.storage import Storage
from cellblock_server.assembly.timings import Timings
from cellblock_server.backends.metered import MeteredBackend
from cellblock_server.common.clock import utc_now
from cellblock_server.common.supervisor import Supervisor
from cellblock_server.config import Settings
from cellblock_server.files.attachments import AttachmentService
from cellblock_server.files.capture import Capture
from cellblock_server.sessions.billing import Billing
from cellblock_server.sessions.keeper import SessionKeeper
from cellblock_server.sessions.meter import CpuMeter
from cellblock_server.sessions.pool import Pool
from cellblock_server.sessions.start_queue import StartQueue
from cellblock_server.sessions.starter import SessionStarter
from cellblock_server.sessions.stocks import pool_bounds, pool_targets
from cellblock_server.store.cpu import CpuStore
from cellblock_server.store.ledger import LedgerStore
from cellblock_server.store.state_folder import StateFolder
from cellblock_server.telemetry.metrics import Metrics
from cellblock_server.tenants.cpu_quota import CpuQuota


@dataclass(frozen=True)
class Sessions:
    """Parts that create, run and meter sessions."""

    backend: MeteredBackend
    pool: Pool
    starter: SessionStarter
    keeper: SessionKeeper
    cpu: CpuQuota
    meter: CpuMeter
    billing: Billing


@asynccontextmanager
async def sessions(
    settings: Settings,
    state: StateFolder,
    kept: Storage,
    metrics: Metrics,
    supervisor: Supervisor,
    timings: Timings,
) -> AsyncIterator[Sessions]:
    """Take over the sessions that run already, and run sessions. Raises what `parts` raises."""
    async with AsyncExitStack() as stack:
        backend = MeteredBackend(parts.backend(settings, state, timings), metrics)
        await backend.start()
        stack.push_async_callback(backend.close)
        queue = StartQueue(parts.start_bounds(settings))
        pool = Pool(
            backend,
            pool_targets(settings),
            pool_bounds(settings),
            supervisor,
            metrics,
            timings.pool,
            lambda: queue.is_busy,
            timings.agent,
        )
        queue.on_end = pool.reconsider
        starter = await _starter(
            stack, settings, state, kept, metrics, supervisor, backend, pool, queue, timings
        )
        cpu = CpuQuota(
            CpuStore(kept.database), kept.quotas, settings.quotas.cpu_period, kept.steady
        )
        await cpu.start()
        meter = CpuMeter(backend, kept.journal, cpu, lambda: keeper.sessions(), timings.meter)
        keeper = SessionKeeper(
            starter,
            kept.sessions,
            settings.sessions.max_age,
            kept.steady,
            meter.measure_last,
            supervisor,
            end_on_shutdown=settings.sessions.end_on_shutdown,
            timings=timings.keeper,
        )
        await stack.enter_async_context(keeper)
        await stack.enter_async_context(supervisor.supervise("cpu_meter", meter.run))
        billing = Billing(
            LedgerStore(kept.database),
            kept.journal,
            keeper,
            kept.usage,
            settings.usage.retention,
            kept.steady,
            timings.billing,
        )
        await stack.enter_async_context(supervisor.supervise("billing", billing.run))
        await stack.enter_async_context(pool.kept_filled(after=keeper.reconciled))
        yield Sessions(backend, pool, starter, keeper, cpu, meter, billing)


async def _starter(
    stack: AsyncExitStack,
    settings: Settings,
    state: StateFolder,
    kept: Storage,
    metrics: Metrics,
    supervisor: Supervisor,
    backend: MeteredBackend,
    pool: Pool,
    queue: StartQueue,
    timings: Timings,
) -> SessionStarter:
    egress = None
    if settings.sandbox.may_have_egress:
        egress = await stack.enter_async_context(parts.egress(settings, state, supervisor))
    capture = Capture(
        kept.blobs,
        kept.usage,
        kept.file_records,
        parts.capture_bounds(settings),
        settings.files.retention,
        utc_now,
    )
    return SessionStarter(
        egress=egress,
        backend=backend,
        pool=pool,
        journal=kept.journal,
        executions=kept.executions,
        files=kept.files,
        attachments=AttachmentService(
            backend, kept.file_records, kept.blobs, parts.attachment_bounds(settings)
        ),
        capture=capture,
        bounds=parts.runner_bounds(settings),
        start_timeout=settings.sandbox.start_timeout,
        start_queue=queue,
        now=kept.steady,
        metrics=metrics,
        agent_timings=timings.agent,
        overdue_timings=timings.overdue,
    )
