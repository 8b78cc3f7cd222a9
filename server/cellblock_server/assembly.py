"""All parts of the server, put together."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import structlog
from grpc.aio import ServerInterceptor

from cellblock_server import parts
from cellblock_server.auth.audit import AuditLog
from cellblock_server.auth.keys import KeyService
from cellblock_server.auth.live_calls import LiveCalls
from cellblock_server.auth.secret import server_secret
from cellblock_server.auth.tenants import TenantService
from cellblock_server.clock import SteadyClock, steady_clock, utc_now
from cellblock_server.config import Settings
from cellblock_server.console.listener import ConsoleListener
from cellblock_server.executions.introspection import Introspection
from cellblock_server.executions.journal import Journal
from cellblock_server.executions.observers import Counting, Observer
from cellblock_server.executions.service import ExecutionService
from cellblock_server.executions.spans import Tracing
from cellblock_server.files.attachments import AttachmentService
from cellblock_server.files.blobs import BlobStore
from cellblock_server.files.capture import Capture
from cellblock_server.files.service import FileService
from cellblock_server.files.uploads import UploadService
from cellblock_server.quotas.bounds import QuotaTable
from cellblock_server.quotas.calls import OpenCalls
from cellblock_server.quotas.cpu import CpuQuota
from cellblock_server.quotas.executions import ExecutionQuota
from cellblock_server.quotas.rate import CallRates
from cellblock_server.retention import Retention
from cellblock_server.rpc.admin import AdminServicer
from cellblock_server.rpc.audit import AuditInterceptor
from cellblock_server.rpc.auth import AuthInterceptor
from cellblock_server.rpc.execution import ExecutionServicer
from cellblock_server.rpc.file import FileServicer
from cellblock_server.rpc.health import Health
from cellblock_server.rpc.health_socket import HealthSocket
from cellblock_server.rpc.inside import Inside, peer_of
from cellblock_server.rpc.interceptors import CallInterceptor
from cellblock_server.rpc.listener import Listener
from cellblock_server.rpc.rates import RateInterceptor
from cellblock_server.rpc.run_step import RunStepServicer
from cellblock_server.rpc.session import SessionServicer
from cellblock_server.rpc.sockets import ListenError
from cellblock_server.rpc.tracing import TraceInterceptor
from cellblock_server.running import running
from cellblock_server.runsteps.image_urls import ImageUrls
from cellblock_server.runsteps.resolver import AnnotationResolver
from cellblock_server.runsteps.service import RunStepService
from cellblock_server.sandbox.metered import MeteredBackend
from cellblock_server.sessions.billing import Billing
from cellblock_server.sessions.keeper import SessionKeeper
from cellblock_server.sessions.manager import SessionManager
from cellblock_server.sessions.meter import CpuMeter
from cellblock_server.sessions.overview import Overview
from cellblock_server.sessions.pool import Pool
from cellblock_server.sessions.readiness import Readiness
from cellblock_server.sessions.start_queue import StartQueue
from cellblock_server.sessions.starter import SessionStarter
from cellblock_server.sessions.stocks import pool_bounds, stocks
from cellblock_server.sessions.usage import TenantUsage
from cellblock_server.state_folder import (
    StateFolder,
)
from cellblock_server.store.audit import AuditStore
from cellblock_server.store.cpu import CpuStore
from cellblock_server.store.database import Database
from cellblock_server.store.executions import ExecutionStore
from cellblock_server.store.files import FileStore
from cellblock_server.store.keys import KeyStore
from cellblock_server.store.ledger import LedgerStore
from cellblock_server.store.opening import open_database
from cellblock_server.store.owner import NOBODY
from cellblock_server.store.run_steps import RunStepStore
from cellblock_server.store.sessions import SessionStore
from cellblock_server.store.tenants import TenantStore
from cellblock_server.store.uploads import UploadStore
from cellblock_server.store.usage import Usage
from cellblock_server.telemetry.metrics import Metrics
from cellblock_server.telemetry.scraping import MetricsListener

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Addresses:
    """Where a server can be reached."""

    grpc: str
    console: str
    """What to open in a browser, which may log in whoever has it; empty if there is no console."""


@asynccontextmanager
async def listening(
    settings: Settings, state: StateFolder, give_up: Callable[[str], None] = NOBODY.give_up
) -> AsyncIterator[Addresses]:
    """Everything that serves, in order of need; it is taken down in the opposite order.

    `give_up` is called when this process must end at once: see `Owner`.
    """
    async with AsyncExitStack() as stack:
        metrics, health = Metrics(), Health()
        await _alive(stack, settings, health)
        steady = steady_clock(state.clock, utc_now)
        database = await open_database(settings, state, metrics, give_up=give_up)
        stack.push_async_callback(database.close)
        quotas = QuotaTable(parts.default_quotas(settings))
        tenants = TenantService(TenantStore(database), quotas, utc_now)
        await tenants.start()
        usage = Usage(database, quotas.stored_bytes)
        blobs = BlobStore(state.blobs, int(settings.files.min_free_bytes))
        store, sessions = FileStore(database), SessionStore(database)
        executions = ExecutionStore(database)
        traced = bool(settings.telemetry.otlp_endpoint)
        observers: list[Observer] = [Counting(metrics), *([Tracing()] if traced else [])]
        journal = Journal(database, executions, utc_now, steady, observers)
        files = FileService(store, blobs)
        attachments = AttachmentService(store, blobs, parts.attachment_bounds(settings))
        uploads = UploadService(
            UploadStore(database, usage),
            store,
            blobs,
            usage,
            int(settings.files.max_upload_bytes),
            settings.files.upload_timeout,
            utc_now,
            metrics,
        )
        await uploads.start()
        retention = Retention(
            store, sessions, blobs, uploads, settings.sessions.retention, steady.earlier
        )
        await retention.sweep()
        await stack.enter_async_context(running(retention.run()))
        backend = MeteredBackend(parts.backend(settings, state), metrics)
        await backend.start()
        stack.push_async_callback(backend.close)
        pool = Pool(backend, stocks(settings), pool_bounds(settings), metrics)
        egress = None
        if settings.sandbox.may_have_egress:
            egress = await stack.enter_async_context(parts.egress(settings, state))
        starter = SessionStarter(
            egress=egress,
            backend=backend,
            pool=pool,
            journal=journal,
            executions=executions,
            files=files,
            attachments=attachments,
            capture=Capture(
                blobs, usage, parts.capture_bounds(settings), settings.files.retention, utc_now
            ),
            bounds=parts.runner_bounds(settings),
            start_timeout=settings.sandbox.start_timeout,
            start_queue=StartQueue(parts.start_bounds(settings)),
            now=steady,
            metrics=metrics,
        )
        cpu = CpuQuota(CpuStore(database), quotas, settings.quotas.cpu_period, steady)
        await cpu.start()
        meter = CpuMeter(backend, journal, cpu, lambda: keeper.records())
        keeper = SessionKeeper(
            starter,
            sessions,
            settings.sessions.lifetime_cap,
            steady,
            meter.measure_last,
            end_on_shutdown=settings.sessions.end_on_shutdown,
        )
        await stack.enter_async_context(keeper)
        await stack.enter_async_context(running(meter.run()))
        billing = Billing(
            LedgerStore(database), journal, keeper, usage, settings.usage.retention, steady
        )
        await stack.enter_async_context(running(billing.run()))
        await stack.enter_async_context(pool.kept(after=keeper.reconciled))
        inside = Inside(state.path) if settings.console.listen else None
        keys, audit, guards = await _guards(
            stack, settings, state, database, quotas, steady, inside
        )
        manager = SessionManager(settings, sessions, starter, keeper, quotas, cpu, steady)
        readiness = Readiness(backend.check, database.check, keeper.reconciled, health.show)
        overview = Overview(
            backend=backend,
            manager=manager,
            keeper=keeper,
            pool=pool,
            meter=meter,
            billing=billing,
            readiness=readiness,
            state_path=state.path,
            max_sessions=settings.sessions.max_sessions,
            started=utc_now(),
        )
        room = ExecutionQuota(keeper.unfinished_of, quotas)
        service = ExecutionService(
            executions, journal, usage, room, cpu, parts.execution_limits(settings), utc_now
        )
        listener = Listener(
            settings.server.listen,
            int(settings.server.max_message_bytes),
            SessionServicer(manager),
            ExecutionServicer(
                service, Introspection(cpu, parts.execution_limits(settings)), manager
            ),
            FileServicer(files, uploads, attachments, manager),
            RunStepServicer(
                RunStepService(
                    RunStepStore(database),
                    sessions,
                    journal,
                    ImageUrls(files, settings.run_steps.image_url),
                ),
                AnnotationResolver(store, sessions),
            ),
            AdminServicer(
                tenants, keys, TenantUsage(quotas, keeper, usage, cpu), billing, overview, audit
            ),
            health,
            [CallInterceptor(metrics), *([TraceInterceptor()] if traced else []), *guards],
            parts.tls_files(settings),
            inside,
        )
        await _show_metrics(stack, settings, metrics, overview)
        address = await listener.start()
        stack.push_async_callback(listener.stop, settings.server.drain_timeout.total_seconds())
        stack.push_async_callback(readiness.stopping)
        await readiness.serving()
        await stack.enter_async_context(running(readiness.run()))
        console = "" if inside is None else await _show_console(stack, settings, inside)
        yield Addresses(address, console)


async def _alive(stack: AsyncExitStack, settings: Settings, health: Health) -> None:
    """Say that the server lives, before anything that may take its time."""
    await health.alive()
    if settings.server.health_socket:
        socket = HealthSocket(Path(settings.server.health_socket), health.servicer)
        await socket.start()
        stack.push_async_callback(socket.stop)


async def _show_metrics(
    stack: AsyncExitStack, settings: Settings, metrics: Metrics, overview: Overview
) -> None:
    """Raises ListenError."""
    address = settings.telemetry.metrics_listen
    if not address:
        return
    listener = MetricsListener(address, metrics.registry, partial(overview.set_gauges, metrics))
    stack.push_async_callback(listener.stop)
    try:
        log.info("metrics_listening", address=await listener.start())
    except OSError as error:
        raise ListenError(f"telemetry.metrics_listen: {address}: {error.strerror}") from error


async def _show_console(stack: AsyncExitStack, settings: Settings, inside: Inside) -> str:
    """What to open in a browser. Raises ListenError."""
    listener = ConsoleListener(inside, parts.console_access(settings), parts.console_tls(settings))
    stack.push_async_callback(listener.stop)
    try:
        return await listener.start(settings.console.listen)
    except OSError as error:
        address = settings.console.listen
        raise ListenError(f"console.listen: {address}: {error.strerror}") from error


async def _guards(
    stack: AsyncExitStack,
    settings: Settings,
    state: StateFolder,
    database: Database,
    quotas: QuotaTable,
    steady: SteadyClock,
    inside: Inside | None,
) -> tuple[KeyService, AuditLog, list[ServerInterceptor]]:
    """What stands between callers and services, the outermost first."""
    secret = server_secret(state.secret)
    keys = KeyService(KeyStore(database), TenantStore(database), secret, utc_now)
    kept = settings.audit
    audit = AuditLog(AuditStore(database), kept.retention, kept.max_entries, steady.earlier)
    await stack.enter_async_context(audit)
    live_calls = LiveCalls(keys)
    await stack.enter_async_context(running(live_calls.run()))
    return (
        keys,
        audit,
        [
            AuditInterceptor(audit, utc_now, peer_of if inside is None else inside.peer_of),
            AuthInterceptor(keys, live_calls, required=settings.auth.required),
            RateInterceptor(
                CallRates(quotas, time.monotonic), OpenCalls(settings.quotas.max_calls)
            ),
        ],
    )
