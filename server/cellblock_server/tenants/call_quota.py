"""Limit on a tenant's open calls. Even an idle stream takes memory."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from cellblock_server.common.errors import QuotaError

RETRY_AFTER = timedelta(seconds=1)
"""Time after which a refused caller may retry."""


class OpenCalls:
    """Counts calls while they are open."""

    def __init__(self, most: int) -> None:
        """Allow each tenant `most` open calls."""
        self._most = most
        self._open: Counter[str] = Counter()

    def begin(self, tenant: str) -> None:
        """Count one more call until `end`. Raises QuotaError at the limit."""
        if self._open[tenant] >= self._most:
            raise QuotaError(
                "CALL_LIMIT",
                f"tenant:{tenant}",
                f"tenant {tenant!r} has {self._open[tenant]} calls open, streams included; "
                f"the limit is {self._most}",
                RETRY_AFTER,
            )
        self._open[tenant] += 1

    def end(self, tenant: str) -> None:
        """Count one call less."""
        self._open[tenant] -= 1

    @contextmanager
    def kept(self, tenant: str) -> Iterator[None]:
        """Count one more call while the block runs, without checking the limit."""
        self._open[tenant] += 1
        try:
            yield
        finally:
            self.end(tenant)
