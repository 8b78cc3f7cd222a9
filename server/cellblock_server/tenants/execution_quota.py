"""How many executions a tenant has at once, against the quota."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from cellblock_server.common.errors import QuotaError
from cellblock_server.tenants.quotas import QuotaTable

RETRY_AFTER = timedelta(seconds=1)
"""When a caller that met the quota may come back."""


class ExecutionQuota:
    """Counts those that live sessions have, and those that are being accepted."""

    def __init__(self, unfinished: Callable[[str], int], quotas: QuotaTable) -> None:
        """`unfinished` tells how many of a tenant's executions wait or run."""
        self._unfinished = unfinished
        self._quotas = quotas
        self._accepting: Counter[str] = Counter()

    @contextmanager
    def room(self, tenant: str) -> Iterator[None]:
        """A block in which one execution is accepted. Raises QuotaError.

        Two at once can't both have the last place.
        """
        count = self._unfinished(tenant) + self._accepting[tenant]
        most = self._quotas.of(tenant).max_executions
        if count >= most:
            raise QuotaError(
                "EXECUTION_QUOTA",
                f"tenant:{tenant}",
                f"tenant {tenant!r} has {count} executions that wait or run; the quota is {most:g}",
                RETRY_AFTER,
            )
        self._accepting[tenant] += 1
        try:
            yield
        finally:
            self._accepting[tenant] -= 1
