"""What stands between callers and services: keys, rates, the audit log."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from grpc.aio import ServerInterceptor

from cellblock_server.assembly.storage import Storage
from cellblock_server.assembly.timings import Timings
from cellblock_server.common.clock import utc_now
from cellblock_server.common.supervisor import Supervisor
from cellblock_server.config import Settings
from cellblock_server.rpc.connections.strangers import StrangerLimits, Strangers
from cellblock_server.rpc.inside import Inside, peer_of
from cellblock_server.rpc.stages.audit import AuditInterceptor
from cellblock_server.rpc.stages.auth import AuthInterceptor
from cellblock_server.rpc.stages.rates import RateInterceptor
from cellblock_server.rpc.stages.receiving import ReceivingInterceptor
from cellblock_server.rpc.stages.unread import UnreadInterceptor
from cellblock_server.store.audit import AuditStore
from cellblock_server.store.keys import KeyStore
from cellblock_server.store.state_folder import StateFolder
from cellblock_server.store.tenants import TenantStore
from cellblock_server.tenants.audit import AuditLog
from cellblock_server.tenants.call_quota import OpenCalls
from cellblock_server.tenants.call_rate import CallRates
from cellblock_server.tenants.keys import KeyService
from cellblock_server.tenants.live_calls import LiveCalls
from cellblock_server.tenants.secret import server_secret


@dataclass(frozen=True)
class Guards:
    """Who may call, what was called, and what each call passes, the outermost first."""

    keys: KeyService
    audit: AuditLog
    interceptors: list[ServerInterceptor]
    strangers: Strangers


@asynccontextmanager
async def guards(
    settings: Settings,
    state: StateFolder,
    kept: Storage,
    inside: Inside | None,
    supervisor: Supervisor,
    timings: Timings,
) -> AsyncIterator[Guards]:
    """Look after keys and the audit log."""
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
    unread = UnreadInterceptor(settings.server.unread_timeout, calls, supervisor)
    strangers = Strangers(
        StrangerLimits(
            max_connections=settings.server.max_connections,
            timeout_seconds=settings.server.authentication_timeout.total_seconds(),
        )
    )
    async with (
        audit,
        supervisor.supervise("key_expiry", live_calls.run),
        supervisor.supervise("unread_streams", unread.run),
        supervisor.supervise("connections_without_key", strangers.run),
    ):
        yield Guards(
            keys,
            audit,
            [
                AuditInterceptor(audit, utc_now, peer_of if inside is None else inside.peer_of),
                AuthInterceptor(keys, live_calls, strangers, required=settings.auth.required),
                RateInterceptor(CallRates(kept.quotas, time.monotonic), calls),
                unread,
                ReceivingInterceptor(settings.server.request_timeout),
            ],
            strangers,
        )
