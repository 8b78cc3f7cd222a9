"""What a tenant uses now, beside what it may."""

from dataclasses import dataclass
from datetime import datetime

from cellblock_server.sessions.keeper import SessionKeeper
from cellblock_server.store.usage import Usage
from cellblock_server.tenants.cpu_quota import CpuQuota
from cellblock_server.tenants.quotas import Quotas, QuotaTable


@dataclass(frozen=True)
class Used:
    """What one tenant uses."""

    sessions: int
    executions: int
    """Those that wait or run."""
    stored_bytes: int
    cpu_seconds: float
    """In the present period."""
    cpu_period_end: datetime
    quotas: Quotas
    """As they count for it."""


@dataclass(frozen=True)
class TenantUsage:
    """Asks all who count."""

    quotas: QuotaTable
    keeper: SessionKeeper
    stored: Usage
    cpu: CpuQuota

    async def of(self, tenant: str) -> Used:
        """What a tenant uses; nothing if there is none."""
        return Used(
            sessions=self.keeper.count_of(tenant),
            executions=self.keeper.unfinished_of(tenant),
            stored_bytes=await self.stored.used(tenant),
            cpu_seconds=self.cpu.used(tenant),
            cpu_period_end=self.cpu.period_end(),
            quotas=self.quotas.of(tenant),
        )
