"""What a tenant's files and records use, and the quota that bounds them."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Table, func, select

from cellblock_server.common.errors import QuotaError
from cellblock_server.store.database import Database
from cellblock_server.store.tables import executions, files, uploads

BELIEVED_SECONDS = 1.0
"""For how long a sum over many rows is believed where it need not be exact: it grows little by
little."""
MAX_SHARE = 1 / 50
"""Of the time may go into such a sum: that of millions of rows is believed for longer."""


@dataclass(frozen=True)
class _Seen:
    bytes: int
    until: float
    """When it is not believed any more."""

    @classmethod
    def now(cls, total: int, began: float) -> "_Seen":
        """A sum that was begun at a time, and is known now."""
        took = _now() - began
        return cls(total, _now() + max(BELIEVED_SECONDS, took / MAX_SHARE))


class Usage:
    """Adds up what tenants use. Sizes in bytes."""

    def __init__(self, database: Database, quota: Callable[[str], int]) -> None:
        """Read from `database`; a tenant may have its `quota`, of files and records together."""
        self._database = database
        self._quota = quota
        self._records: dict[str, _Seen] = {}
        self._totals: dict[str, _Seen] = {}

    async def used(self, tenant: str) -> int:
        """What a tenant's files, uploads under way and records have together."""
        records = await self._records_of(tenant)
        return records + await self._database.read(lambda connection: _files(connection, tenant))

    async def totals(self) -> dict[str, int]:
        """As `used`, of all tenants that use something."""
        return await self._database.read(_totals)

    async def check(self, tenant: str, more: int, *, uncounted: int = 0) -> None:
        """Raise QuotaError if `more` does not fit. `uncounted` is what is not stored yet."""
        self.check_sum(tenant, await self.used(tenant) + uncounted, more)

    async def check_roughly(self, tenant: str, more: int) -> None:
        """As `check`, by a sum that may be a second old, unless `more` does not fit by it."""
        seen = self._totals.get(tenant)
        if seen is None or _now() > seen.until:
            began = _now()
            seen = self._totals[tenant] = _Seen.now(await self.used(tenant), began)
        if seen.bytes + more > self._quota(tenant):
            await self.check(tenant, more)

    def check_within(self, connection: Connection, tenant: str, more: int) -> None:
        """As `check`, in a transaction: two at once can't both have the last bytes."""
        records = self._records.get(tenant, _Seen(0, 0))
        self.check_sum(tenant, records.bytes + _files(connection, tenant), more)

    def check_sum(self, tenant: str, used: int, more: int) -> None:
        """Raise QuotaError if `more` does not fit beside `used`."""
        quota = self._quota(tenant)
        if used + more > quota:
            raise QuotaError(
                "STORAGE_QUOTA",
                f"tenant:{tenant}",
                f"the files and records of tenant {tenant!r} have {used} bytes; {more} more are "
                f"past the quota of {quota} bytes",
            )

    async def _records_of(self, tenant: str) -> int:
        seen = self._records.get(tenant)
        if seen is None or _now() > seen.until:
            began = _now()
            total = await self._database.read(
                lambda connection: _sum(connection, executions, executions.c.record_bytes, tenant)
            )
            seen = self._records[tenant] = _Seen.now(total, began)
        return seen.bytes


def _now() -> float:
    return asyncio.get_running_loop().time()


def _files(connection: Connection, tenant: str) -> int:
    stored = _sum(connection, files, files.c.bytes, tenant)
    return stored + _sum(connection, uploads, uploads.c.received_bytes, tenant)


def _totals(connection: Connection) -> dict[str, int]:
    found: Counter[str] = Counter()
    for table, column in (
        (files, files.c.bytes),
        (uploads, uploads.c.received_bytes),
        (executions, executions.c.record_bytes),
    ):
        query = select(table.c.tenant, func.sum(column)).group_by(table.c.tenant)
        for tenant, size in connection.execute(query):
            found[tenant] += int(size)
    return dict(found)


def _sum(connection: Connection, table: Table, column: ColumnElement[int], tenant: str) -> int:
    query = select(func.coalesce(func.sum(column), 0)).where(table.c.tenant == tenant)
    return int(connection.execute(query).scalar_one())
