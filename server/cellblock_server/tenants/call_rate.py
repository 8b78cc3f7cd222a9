"""Rate limit of each tenant's calls: a token bucket that holds one second's calls.

Not a library: those for this keep their counts in a store that processes share, or start a task for
each call.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from cellblock_server.common.errors import QuotaError
from cellblock_server.tenants.quotas import QuotaTable


@dataclass
class _Bucket:
    left: float
    time: float


class CallRates:
    """Token buckets of all tenants."""

    def __init__(self, quotas: QuotaTable, seconds: Callable[[], float]) -> None:
        """Limit calls by `quotas`; `seconds` is a monotonic clock."""
        self._quotas = quotas
        self._seconds = seconds
        self._buckets: dict[str, _Bucket] = {}

    def count_call(self, tenant: str) -> None:
        """Count a call. Raises QuotaError if the tenant's rate is exceeded."""
        rate, now = self._quotas.quotas_of(tenant).calls_per_second, self._seconds()
        bucket = self._buckets.setdefault(tenant, _Bucket(rate, now))
        bucket.left = min(rate, bucket.left + (now - bucket.time) * rate)
        bucket.time = now
        if bucket.left < 1:
            wait = timedelta(seconds=(1 - bucket.left) / rate) if rate else None
            raise QuotaError(
                "CALL_RATE",
                f"tenant:{tenant}",
                f"tenant {tenant!r} may make {rate:g} calls a second",
                wait,
            )
        bucket.left -= 1
