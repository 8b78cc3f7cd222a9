"""Quota of a tenant's executions that wait or run at the same time."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from cellblock_server.common.errors import QuotaError
from cellblock_server.tenants.quotas import QuotaTable

RETRY_AFTER = timedelta(seconds=1)
"""Time after which a refused caller may retry."""


class ExecutionQuota:
    """Counts the executions of live sessions, and those that are being accepted."""

    def __init__(self, unfinished: Callable[[str], int], quotas: QuotaTable) -> None:
        """Use `unfinished`, which returns how many of a tenant's executions wait or run."""
        self._unfinished = unfinished
        self._quotas = quotas
        self._accepting: Counter[str] = Counter()

    @contextmanager
    def room(self, tenant: str) -> Iterator[None]:
        """Reserve one execution while the block accepts it. Raises QuotaError.

        Of two requests at the same time, only one can reserve the last one.
        """
        count = self._unfinished(tenant) + self._accepting[tenant]
        most = self._quotas.quotas_of(tenant).max_executions
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
