"""Quotas of each tenant: the operator's defaults, and overrides for that tenant."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from cellblock_server.common.errors import OutOfRangeError

Overrides = Mapping[str, float]
"""Quotas that are set for one tenant, by field of `Quotas`."""
MOST = 2**53
"""Largest quota: floats represent integers exactly up to this."""


@dataclass(frozen=True)
class Quotas:
    """Limits on what one tenant may use. 0 allows nothing."""

    max_sessions: float
    """Live sessions."""
    max_executions: float
    """Executions that run or wait."""
    cpu_seconds: float
    """CPU time in a period."""
    stored_bytes: float
    """Size of files and records together."""
    calls_per_second: float
    """Calls per second, a whole number."""


NAMES = tuple(field.name for field in fields(Quotas))


def check_overrides(overrides: Overrides) -> None:
    """Raise OutOfRangeError for the first bad quota."""
    for name, value in overrides.items():
        if not 0 <= value <= MOST:
            raise OutOfRangeError(f"quotas.{name}", f"must be 0 to {MOST}, got {value:.15g}")


class QuotaTable:
    """Quotas of all tenants, in memory: each call needs them."""

    def __init__(self, defaults: Quotas) -> None:
        """Start with `defaults` for all tenants."""
        self._defaults = defaults
        self._own: dict[str, Quotas] = {}

    def set(self, tenant: str, overrides: Overrides) -> None:
        """Apply a tenant's overrides from now on."""
        self._own[tenant] = Quotas(
            **{name: overrides.get(name, getattr(self._defaults, name)) for name in NAMES}
        )

    def quotas_of(self, tenant: str) -> Quotas:
        """Return a tenant's quotas."""
        return self._own.get(tenant, self._defaults)

    def stored_bytes(self, tenant: str) -> int:
        """Return a tenant's `Quotas.stored_bytes`."""
        return int(self.quotas_of(tenant).stored_bytes)
