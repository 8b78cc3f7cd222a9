"""How many calls a tenant has open at once. Each stream takes memory, however idle it is."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from cellblock_server.common.errors import QuotaError

RETRY_AFTER = timedelta(seconds=1)
"""When a caller that met the bound may come back."""


class OpenCalls:
    """Counts calls while they are open."""

    def __init__(self, most: int) -> None:
        """Allow each tenant `most`."""
        self._most = most
        self._open: Counter[str] = Counter()

    def begin(self, tenant: str) -> None:
        """Count one more, until `end`. Raises QuotaError if it is one too many."""
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
        """Count one less."""
        self._open[tenant] -= 1

    @contextmanager
    def kept(self, tenant: str) -> Iterator[None]:
        """A block in which one that ends goes on to count."""
        self._open[tenant] += 1
        try:
            yield
        finally:
            self.end(tenant)
