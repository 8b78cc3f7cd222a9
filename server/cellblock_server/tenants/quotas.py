"""Each tenant's quotas: the operator's defaults, and what is set for that tenant."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from cellblock_server.common.errors import OutOfRangeError

Overrides = Mapping[str, float]
"""What is set for one tenant: fields of `Quotas`."""
MOST = 2**53
"""The largest bound: past it not every number is exact."""


@dataclass(frozen=True)
class Quotas:
    """What one tenant may use. 0 is nothing."""

    max_sessions: float
    """At once."""
    max_executions: float
    """At once, waiting ones included."""
    cpu_seconds: float
    """In a period."""
    stored_bytes: float
    """Files and records together."""
    calls_per_second: float
    """A whole number."""


NAMES = tuple(field.name for field in fields(Quotas))


def check_overrides(overrides: Overrides) -> None:
    """Raise OutOfRangeError for the first bad one."""
    for name, value in overrides.items():
        if not 0 <= value <= MOST:
            raise OutOfRangeError(f"quotas.{name}", f"must be 0 to {MOST}, got {value:.15g}")


class QuotaTable:
    """All tenants' quotas, in memory: each call asks for them."""

    def __init__(self, defaults: Quotas) -> None:
        """Start with no tenant's own."""
        self._defaults = defaults
        self._own: dict[str, Quotas] = {}

    def set(self, tenant: str, overrides: Overrides) -> None:
        """Have what is set for a tenant count from now on."""
        self._own[tenant] = Quotas(
            **{name: overrides.get(name, getattr(self._defaults, name)) for name in NAMES}
        )

    def of(self, tenant: str) -> Quotas:
        """What a tenant may use."""
        return self._own.get(tenant, self._defaults)

    def stored_bytes(self, tenant: str) -> int:
        """See `Quotas.stored_bytes`."""
        return int(self.of(tenant).stored_bytes)
