"""Use cases of operators: tenants, keys, usage, the audit log, and the state of the server."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cellblock_server.common.uninterrupted import uninterrupted
from cellblock_server.sessions.billing import Billing, Report
from cellblock_server.sessions.overview import Overview, ServerNow
from cellblock_server.sessions.usage import TenantUsage, Used
from cellblock_server.store.audit import AuditFilter
from cellblock_server.store.ledger import Interval
from cellblock_server.store.records import AuditRecord, KeyRecord, Page, TenantRecord
from cellblock_server.tenants.audit import AuditLog
from cellblock_server.tenants.key_text import KeyText
from cellblock_server.tenants.keys import KeyService, NewKey
from cellblock_server.tenants.quotas import Overrides
from cellblock_server.tenants.tenants import TenantService


@dataclass(frozen=True)
class AdminUseCases:
    """Manages tenants and keys, and reports what is used."""

    tenants: TenantService
    keys: KeyService
    tenant_usage: TenantUsage
    billing: Billing
    overview: Overview
    audit: AuditLog

    async def create_tenant(self, tenant_id: str, quotas: Overrides) -> TenantRecord:
        """Create a tenant, with quotas of its own or those of the configuration."""
        return await self.tenants.create(tenant_id, quotas)

    async def get_tenant(self, tenant_id: str) -> TenantRecord:
        """Return a tenant. Raises NotFoundError."""
        return await self.tenants.get(tenant_id)

    async def list_tenants(self, size: int, token: str) -> Page[TenantRecord]:
        """Return a page of tenants, newest first."""
        return await self.tenants.list(size, token)

    async def update_tenant(self, tenant_id: str, quotas: Overrides) -> TenantRecord:
        """Replace a tenant's quotas, even if the caller leaves. Raises NotFoundError."""
        return await uninterrupted(self.tenants.update(tenant_id, quotas))

    async def get_usage(self, tenant_id: str) -> Used:
        """Return what a tenant uses now. Raises NotFoundError."""
        record = await self.tenants.get(tenant_id)
        return await self.tenant_usage.current_use(record.id)

    async def report_usage(
        self,
        tenant_id: str,
        start: datetime | None,
        end: datetime | None,
        interval: Interval,
        size: int,
        token: str,
    ) -> Page[Report]:
        """Return a page of what one tenant used, or all of them; None: all that is known."""
        return await self.billing.report(tenant_id, start, end, interval, size, token)

    async def get_server_status(self) -> ServerNow:
        """Return what the server does now."""
        return await self.overview.now()

    async def create_key(self, new: NewKey) -> tuple[KeyRecord, KeyText]:
        """Create an API key, and return it with its secret."""
        return await self.keys.create(new)

    async def list_keys(self, tenant_id: str, size: int, token: str) -> Page[KeyRecord]:
        """Return a page of keys."""
        return await self.keys.list(tenant_id, size, token)

    async def rotate_key(self, key_id: str, grace: timedelta | None) -> tuple[KeyRecord, KeyText]:
        """Give a key another secret, even if the caller leaves.

        The old one is valid for `grace`; None: no longer. Raises NotFoundError.
        """
        return await uninterrupted(self.keys.rotate(key_id, grace or timedelta(0)))

    async def revoke_key(self, key_id: str) -> KeyRecord:
        """Revoke a key, even if the caller leaves. Raises NotFoundError."""
        return await uninterrupted(self.keys.revoke(key_id))

    async def list_audit_entries(
        self, wanted: AuditFilter, size: int, token: str
    ) -> Page[AuditRecord]:
        """Return a page of the audit log."""
        return await self.audit.list(wanted, size, token)
