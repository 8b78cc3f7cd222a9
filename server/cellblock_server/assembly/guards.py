"""Stages between callers and services: keys, rates, the audit log."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from cellblock_server.app.draining import Draining
from cellblock_server.assembly.storage import Storage
from cellblock_server.assembly.timings import Timings
from cellblock_server.common.clock import utc_now
from cellblock_server.common.supervisor import Supervisor
from cellblock_server.config import Settings
from cellblock_server.rpc.connections.limits import StrangerLimits
from cellblock_server.rpc.connections.strangers import Strangers
from cellblock_server.rpc.inside import InternalSocket, peer_of
from cellblock_server.rpc.permissions import NEEDED, OPEN
from cellblock_server.rpc.pipeline import Pipeline
from cellblock_server.rpc.stages.audit import AuditStage
from cellblock_server.rpc.stages.auth import AuthStage
from cellblock_server.rpc.stages.draining import DrainStage
from cellblock_server.rpc.stages.outcome import OutcomeStage
from cellblock_server.rpc.stages.rates import RateStage
from cellblock_server.rpc.stages.receiving import ReceivingStage
from cellblock_server.rpc.stages.tracing import TraceStage
from cellblock_server.rpc.stages.unread import UnreadStage
from cellblock_server.store.audit import AuditStore
from cellblock_server.store.keys import KeyStore
from cellblock_server.store.state_folder import StateFolder
from cellblock_server.store.tenants import TenantStore
from cellblock_server.telemetry.metrics import Metrics
from cellblock_server.tenants.audit import AuditLog
from cellblock_server.tenants.call_quota import OpenCalls
from cellblock_server.tenants.call_rate import CallRates
from cellblock_server.tenants.keys import KeyService
from cellblock_server.tenants.live_calls import LiveCalls
from cellblock_server.tenants.secret import server_secret


@dataclass(frozen=True)
class Guards:
    """API keys, the audit log, and the pipeline that each call passes."""

    keys: KeyService
    audit: AuditLog
    pipeline: Pipeline
    draining: Draining
    strangers: Strangers


@asynccontextmanager
async def guards(
    settings: Settings,
    state: StateFolder,
    kept: Storage,
    inside: InternalSocket | None,
    metrics: Metrics,
    supervisor: Supervisor,
    timings: Timings,
) -> AsyncIterator[Guards]:
    """Run the services of keys and the audit log, and build the pipeline."""
    keys = KeyService(
        KeyStore(kept.database), TenantStore(kept.database), server_secret(state.secret), utc_now
    )
    audit = AuditLog(
        AuditStore(kept.database),
        settings.audit.retention,
        settings.audit.max_entries,
        kept.steady.earlier,
        supervisor,
        timings.audit,
    )
    live_calls = LiveCalls(keys)
    calls = OpenCalls(settings.quotas.max_calls)
    unread = UnreadStage(settings.server.unread_timeout, calls, supervisor)
    strangers = Strangers(
        StrangerLimits(
            max_connections=settings.server.max_connections,
            timeout_seconds=settings.server.authentication_timeout.total_seconds(),
        )
    )
    draining = Draining()
    traces = [TraceStage()] if settings.telemetry.otlp_endpoint else []
    stages = [
        OutcomeStage(metrics, strangers, all_are_admins=not settings.auth.required),
        DrainStage(draining),
        *traces,
        AuditStage(audit, utc_now, peer_of if inside is None else inside.peer_of),
        AuthStage(keys, live_calls, strangers, required=settings.auth.required),
        RateStage(CallRates(kept.quotas, time.monotonic), calls),
        unread,
        ReceivingStage(settings.server.request_timeout),
    ]
    pipeline = Pipeline(stages, NEEDED.keys() | OPEN)
    async with (
        audit,
        supervisor.supervise("key_expiry", live_calls.run),
        supervisor.supervise("unread_streams", unread.run),
        supervisor.supervise("connections_without_key", strangers.run),
    ):
        yield Guards(keys, audit, pipeline, draining, strangers)
