"""CPU quota: the CPU time that each tenant has used in the current period."""

from datetime import datetime, timedelta

from cellblock_server.common.clock import Clock
from cellblock_server.common.errors import QuotaError
from cellblock_server.store.cpu import CpuStore
from cellblock_server.store.tables import EPOCH
from cellblock_server.tenants.quotas import QuotaTable


class CpuQuota:
    """CPU time used by each tenant as measured last; refuses work past the quota."""

    def __init__(self, store: CpuStore, quotas: QuotaTable, period: timedelta, now: Clock) -> None:
        """Count by periods of length `period`, the first of which began in 1970."""
        self._store = store
        self._quotas = quotas
        self._length = period
        self._now = now
        self._period = EPOCH
        self._used: dict[str, float] = {}

    async def start(self) -> None:
        """Read the CPU time used so far; called once, before any other method."""
        self._period = self.period()
        self._used = await self._store.used_in(self._period)

    def period(self) -> datetime:
        """Return the start of the current period."""
        return EPOCH + (self._now() - EPOCH) // self._length * self._length

    def period_end(self) -> datetime:
        """Return the end of the current period."""
        return self.period() + self._length

    async def forget_old(self) -> None:
        """Delete the counts of earlier periods when a new one has begun."""
        if self._period != (period := self.period()):
            self._period, self._used = period, {}
            await self._store.forget_before(period)

    def add(self, tenant: str, period: datetime, seconds: float) -> None:
        """Add CPU time that has been stored."""
        if period == self._period:
            self._used[tenant] = self.used(tenant) + seconds

    def used(self, tenant: str) -> float:
        """Return the seconds used in the current period."""
        return self._used.get(tenant, 0.0) if self._period == self.period() else 0.0

    def check(self, tenant: str) -> None:
        """Raise QuotaError if the tenant's quota is exhausted."""
        used, quota = self.used(tenant), self._quotas.quotas_of(tenant).cpu_seconds
        if used >= quota:
            end = self.period_end()
            raise QuotaError(
                "CPU_QUOTA",
                f"tenant:{tenant}",
                f"tenant {tenant!r} has used {used:.1f} s of CPU time since "
                f"{self.period():%Y-%m-%d %H:%M} UTC; the quota is {quota:g} s until "
                f"{end:%Y-%m-%d %H:%M} UTC",
                end - self._now(),
            )
