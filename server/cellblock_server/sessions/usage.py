"""Current use of tenants, with their quotas."""

from dataclasses import dataclass
from datetime import datetime

from cellblock_server.sessions.keeper import SessionKeeper
from cellblock_server.store.usage import Usage
from cellblock_server.tenants.cpu_quota import CpuQuota
from cellblock_server.tenants.quotas import Quotas, QuotaTable


@dataclass(frozen=True)
class Used:
    """Current use of one tenant."""

    sessions: int
    executions: int
    """Number of executions that wait or run."""
    stored_bytes: int
    cpu_seconds: float
    """CPU time in the current period."""
    cpu_period_end: datetime
    quotas: Quotas
    """The tenant's quotas."""


@dataclass(frozen=True)
class TenantUsage:
    """Collects the current use of tenants."""

    quotas: QuotaTable
    keeper: SessionKeeper
    stored: Usage
    cpu: CpuQuota

    async def current_use(self, tenant: str) -> Used:
        """Return a tenant's use; all zero if it doesn't exist."""
        return Used(
            sessions=self.keeper.count_of(tenant),
            executions=self.keeper.unfinished_of(tenant),
            stored_bytes=await self.stored.used(tenant),
            cpu_seconds=self.cpu.used(tenant),
            cpu_period_end=self.cpu.period_end(),
            quotas=self.quotas.quotas_of(tenant),
        )
