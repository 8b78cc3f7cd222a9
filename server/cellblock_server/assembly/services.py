"""What callers reach."""

from cellblock_server.assembly import parts
from cellblock_server.assembly.guards import Guards
from cellblock_server.assembly.sessions import Sessions
from cellblock_server.assembly.storage import Storage
from cellblock_server.common.clock import utc_now
from cellblock_server.config import Settings
from cellblock_server.executions.code_questions import Introspection
from cellblock_server.executions.execution_service import ExecutionService
from cellblock_server.rpc.admin import AdminServicer
from cellblock_server.rpc.draining import DrainInterceptor
from cellblock_server.rpc.execution import ExecutionServicer
from cellblock_server.rpc.file import FileServicer
from cellblock_server.rpc.health import Health
from cellblock_server.rpc.inside import Inside
from cellblock_server.rpc.interceptors import CallInterceptor
from cellblock_server.rpc.listener import Listener, ListenerLimits
from cellblock_server.rpc.permissions import NEEDED, OPEN
from cellblock_server.rpc.run_step import RunStepServicer
from cellblock_server.rpc.session import SessionServicer
from cellblock_server.rpc.tracing import TraceInterceptor
from cellblock_server.runsteps.image_urls import ImageUrls
from cellblock_server.runsteps.resolver import AnnotationResolver
from cellblock_server.runsteps.run_step_service import RunStepService
from cellblock_server.sessions.manager import SessionManager
from cellblock_server.sessions.overview import Overview
from cellblock_server.sessions.usage import TenantUsage
from cellblock_server.store.run_steps import RunStepStore
from cellblock_server.telemetry.metrics import Metrics
from cellblock_server.tenants.execution_quota import ExecutionQuota


def listener(
    settings: Settings,
    kept: Storage,
    live: Sessions,
    guarded: Guards,
    manager: SessionManager,
    overview: Overview,
    health: Health,
    metrics: Metrics,
    inside: Inside | None,
) -> Listener:
    """All services, behind their guards."""
    limits = parts.execution_limits(settings)
    room = ExecutionQuota(live.keeper.unfinished_of, kept.quotas)
    executions = ExecutionService(
        kept.executions, kept.journal, kept.usage, room, live.cpu, limits, utc_now
    )
    run_steps = RunStepService(
        RunStepStore(kept.database),
        kept.sessions,
        kept.journal,
        ImageUrls(kept.files, settings.run_steps.image_url),
    )
    draining = DrainInterceptor()
    traces = [TraceInterceptor()] if settings.telemetry.otlp_endpoint else []
    return Listener(
        settings.server.listen,
        ListenerLimits(
            max_message_bytes=int(settings.server.max_message_bytes),
            max_connections=settings.server.max_connections,
            max_calls_per_connection=settings.server.max_calls_per_connection,
            handshake_timeout=settings.server.authentication_timeout,
        ),
        SessionServicer(manager),
        ExecutionServicer(executions, Introspection(live.cpu, limits), manager),
        FileServicer(
            kept.files,
            kept.uploads,
            live.starter.attachments,
            manager,
            kept.turns,
            settings.server.idle_upload_timeout,
        ),
        RunStepServicer(run_steps, AnnotationResolver(kept.file_records, kept.sessions)),
        AdminServicer(
            kept.tenants,
            guarded.keys,
            TenantUsage(kept.quotas, live.keeper, kept.usage, live.cpu),
            live.billing,
            overview,
            guarded.audit,
        ),
        health,
        [
            CallInterceptor(
                metrics,
                NEEDED.keys() | OPEN,
                guarded.strangers,
                all_are_admins=not settings.auth.required,
            ),
            draining,
            *traces,
            *guarded.interceptors,
        ],
        draining,
        guarded.strangers,
        parts.tls_files(settings),
        inside,
    )
