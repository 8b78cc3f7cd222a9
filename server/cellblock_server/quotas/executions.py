"""How many executions a tenant has at once, against the quota."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from weakref import WeakValueDictionary

from cellblock_server.errors import QuotaError
from cellblock_server.quotas.bounds import QuotaTable
from cellblock_server.store.executions import ExecutionStore

RETRY_AFTER = timedelta(seconds=1)
"""When a caller that met the quota may come back."""


class ExecutionQuota:
    """Counts them in the store, which is right after a restart as well."""

    def __init__(self, store: ExecutionStore, quotas: QuotaTable) -> None:
        """Count those of `store`."""
        self._store = store
        self._quotas = quotas
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def room(self, tenant: str) -> AsyncIterator[None]:
        """A block in which one execution may be stored. Raises QuotaError.

        One at a time for each tenant: two at once can't both have the last place.
        """
        async with self._turns.setdefault(tenant, asyncio.Lock()):
            count = await self._store.count_unfinished(tenant)
            most = self._quotas.of(tenant).max_executions
            if count >= most:
                raise QuotaError(
                    "EXECUTION_QUOTA",
                    f"tenant:{tenant}",
                    f"tenant {tenant!r} has {count} executions that wait or run; the quota is "
                    f"{most:g}",
                    RETRY_AFTER,
                )
            yield
