"""Services that callers reach, each a translation of use cases."""

from cellblock_server.app.admin import AdminUseCases
from cellblock_server.app.executions import ExecutionUseCases
from cellblock_server.app.files import FileUseCases
from cellblock_server.app.run_steps import RunStepUseCases
from cellblock_server.app.session_files import SessionFileUseCases
from cellblock_server.app.sessions import SessionUseCases
from cellblock_server.assembly import parts
from cellblock_server.assembly.guards import Guards
from cellblock_server.assembly.sessions import Sessions
from cellblock_server.assembly.storage import Storage
from cellblock_server.common.clock import utc_now
from cellblock_server.config import Settings
from cellblock_server.executions.code_questions import Introspection
from cellblock_server.rpc.admin import AdminServicer
from cellblock_server.rpc.execution import ExecutionServicer
from cellblock_server.rpc.file import FileServicer
from cellblock_server.rpc.health import Health
from cellblock_server.rpc.inside import InternalSocket
from cellblock_server.rpc.listener import Listener, ListenerLimits
from cellblock_server.rpc.run_step import RunStepServicer
from cellblock_server.rpc.session import SessionServicer
from cellblock_server.runsteps.image_urls import ImageUrls
from cellblock_server.runsteps.resolver import AnnotationResolver
from cellblock_server.runsteps.run_step_service import RunStepService
from cellblock_server.sessions.images import ImageDescriptions
from cellblock_server.sessions.manager import SessionManager
from cellblock_server.sessions.overview import Overview
from cellblock_server.sessions.usage import TenantUsage
from cellblock_server.store.run_steps import RunStepStore
from cellblock_server.tenants.execution_quota import ExecutionQuota


def listener(
    settings: Settings,
    kept: Storage,
    live: Sessions,
    guarded: Guards,
    manager: SessionManager,
    overview: Overview,
    health: Health,
    inside: InternalSocket | None,
) -> Listener:
    """Build the listener with all services behind the pipeline."""
    limits = parts.execution_limits(settings)
    executions = ExecutionUseCases(
        kept.executions,
        kept.journal,
        manager,
        kept.usage,
        ExecutionQuota(live.keeper.unfinished_of, kept.quotas),
        live.cpu,
        limits,
        Introspection(live.cpu, limits),
        utc_now,
    )
    run_steps = RunStepService(
        RunStepStore(kept.database),
        kept.sessions,
        kept.journal,
        ImageUrls(kept.files, settings.run_steps.image_url),
    )
    admin = AdminUseCases(
        kept.tenants,
        guarded.keys,
        TenantUsage(kept.quotas, live.keeper, kept.usage, live.cpu),
        live.billing,
        overview,
        guarded.audit,
    )
    return Listener(
        settings.server.listen,
        ListenerLimits(
            max_message_bytes=int(settings.server.max_message_bytes),
            max_connections=settings.server.max_connections,
            max_calls_per_connection=settings.server.max_calls_per_connection,
            handshake_timeout=settings.server.authentication_timeout,
        ),
        SessionServicer(SessionUseCases(manager, ImageDescriptions(settings, live.starter))),
        ExecutionServicer(executions),
        FileServicer(
            FileUseCases(kept.files, kept.uploads, live.starter.attachments, manager),
            SessionFileUseCases(manager, kept.turns),
            settings.server.idle_upload_timeout,
        ),
        RunStepServicer(
            RunStepUseCases(run_steps, AnnotationResolver(kept.file_records, kept.sessions))
        ),
        AdminServicer(admin),
        health,
        guarded.pipeline,
        guarded.draining,
        guarded.strangers,
        parts.tls_files(settings),
        inside,
    )
