"""Tenants: creation, quotas and retrieval."""

import re
from dataclasses import replace

from cellblock_server.common.clock import Clock
from cellblock_server.common.errors import InvalidArgumentError, NotFoundError
from cellblock_server.store.records import Page, TenantRecord
from cellblock_server.store.tenants import TenantStore
from cellblock_server.tenants.quotas import Overrides, QuotaTable, check_overrides

DEFAULT_TENANT = "default"
"""Id of the tenant that exists from the start, and owns all that is created without a key."""
TENANT_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


class TenantService:
    """Manages tenants."""

    def __init__(self, store: TenantStore, quotas: QuotaTable, now: Clock) -> None:
        """Store tenants in `store`, and apply their quotas in `quotas`."""
        self._quotas = quotas
        self._store = store
        self._now = now

    async def start(self) -> None:
        """Create the default tenant and apply all quotas; called once, before any other method."""
        await self._store.ensure(DEFAULT_TENANT, self._now())
        for record in await self._store.all():
            self._quotas.set(record.id, record.quotas)

    async def create(self, tenant_id: str, quotas: Overrides) -> TenantRecord:
        """Create a tenant. Raises InvalidArgumentError, OutOfRangeError or AlreadyExistsError."""
        if not TENANT_ID.fullmatch(tenant_id):
            raise InvalidArgumentError(
                "tenant_id",
                "must be 1 to 63 lower-case letters, digits, '-' or '_', a letter or digit "
                f"first, got {tenant_id[:80]!r}",
            )
        check_overrides(quotas)
        record = TenantRecord(tenant_id, self._now(), dict(quotas))
        await self._store.insert(record)
        self._quotas.set(tenant_id, quotas)
        return record

    async def update(self, tenant_id: str, quotas: Overrides) -> TenantRecord:
        """Replace a tenant's quotas. Raises NotFoundError or OutOfRangeError."""
        check_overrides(quotas)
        record = replace(await self.get(tenant_id), quotas=dict(quotas))
        await self._store.set_quotas(tenant_id, record.quotas)
        self._quotas.set(tenant_id, quotas)
        return record

    async def get(self, tenant_id: str) -> TenantRecord:
        """Return a tenant. Raises NotFoundError."""
        record = await self._store.find_tenant(tenant_id)
        if record is None:
            raise NotFoundError("tenant", tenant_id)
        return record

    async def list(self, size: int, token: str) -> Page[TenantRecord]:
        """Return a page of tenants, newest first."""
        return await self._store.list(size, token)
