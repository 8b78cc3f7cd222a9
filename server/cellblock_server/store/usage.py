"""Storage used by a tenant's files and records, and the quota that bounds it."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Table, func, select

from cellblock_server.common.errors import QuotaError
from cellblock_server.store.database import Database
from cellblock_server.store.tables import executions, files, uploads

BELIEVED_SECONDS = 1.0
"""Maximum age in seconds of a cached sum where an exact one is not needed: it grows slowly."""
MAX_SHARE = 1 / 50
"""Maximum share of time spent on one sum: sums over millions of rows are cached for longer."""


@dataclass(frozen=True)
class _CachedSum:
    bytes: int
    until: float
    """Time at which the cached sum expires."""

    @classmethod
    def now(cls, total: int, began: float) -> "_CachedSum":
        """Return a sum whose calculation began at `began` and has just ended."""
        took = _now() - began
        return cls(total, _now() + max(BELIEVED_SECONDS, took / MAX_SHARE))


@dataclass(eq=False)
class Arriving:
    """Bytes of one running upload that the database does not count yet."""

    counted: int
    """Bytes that the database counts already, from earlier streams."""
    expected: int = 0
    """Size that the caller has announced; 0 if none."""
    size: int = 0
    """Bytes received, earlier ones included."""
    released: bool = False

    @property
    def uncounted(self) -> int:
        """Return the bytes to add to the database's sum."""
        return 0 if self.released else max(0, max(self.size, self.expected) - self.counted)

    def release(self) -> None:
        """Stop counting, after a transaction with which the database counts all bytes."""
        self.released = True


class Usage:
    """Adds up the storage that tenants use, in bytes."""

    def __init__(self, database: Database, quota: Callable[[str], int]) -> None:
        """Read from `database`; `quota` returns a tenant's quota of files and records together."""
        self._database = database
        self._quota = quota
        self._records: dict[str, _CachedSum] = {}
        self._totals: dict[str, _CachedSum] = {}
        self._arriving: defaultdict[str, list[Arriving]] = defaultdict(list)

    async def used(self, tenant: str) -> int:
        """Return the size of a tenant's files, running uploads and records."""
        return await self._stored(tenant) + self._uncounted(tenant)

    async def totals(self) -> dict[str, int]:
        """Return the same sum as `used` for each tenant that uses storage."""
        totals = Counter(await self._database.read(_totals))
        for tenant, found in self._arriving.items():
            totals[tenant] += sum(one.uncounted for one in found)
        return dict(totals)

    @contextmanager
    def arriving(self, tenant: str, counted: int) -> Iterator[Arriving]:
        """Count an upload while the block receives it; the database has `counted` bytes of it."""
        one = Arriving(counted, size=counted)
        self._arriving[tenant].append(one)
        try:
            yield one
        finally:
            self._arriving[tenant].remove(one)
            if not self._arriving[tenant]:
                del self._arriving[tenant]

    async def check_arriving(self, tenant: str, one: Arriving) -> None:
        """Raise QuotaError if an upload does not fit beside everything else of its tenant."""
        size = max(one.size, one.expected)
        stored = await self._seen(tenant)
        if stored - one.counted + self._uncounted(tenant, one) + size > self._quota(tenant):
            # The cached sum may be too large by now.
            stored = await self._stored(tenant)
        with _releasing(one):
            self.check_sum(tenant, stored - one.counted + self._uncounted(tenant, one), size)

    async def check(self, tenant: str, more: int, *, uncounted: int = 0) -> None:
        """Raise QuotaError if `more` does not fit. `uncounted` is not stored yet."""
        self.check_sum(tenant, await self.used(tenant) + uncounted, more)

    async def check_roughly(self, tenant: str, more: int) -> None:
        """Check like `check`, but with a sum that may be a second old if `more` fits by it."""
        if await self._seen(tenant) + self._uncounted(tenant) + more > self._quota(tenant):
            await self.check(tenant, more)

    def check_within(
        self, connection: Connection, tenant: str, more: int, one: Arriving | None = None
    ) -> None:
        """Check in a transaction, so that two uploads can't both use the last bytes.

        `one` is the upload whose bytes these are.
        """
        records = self._records.get(tenant, _CachedSum(0, 0))
        stored = records.bytes + _files(connection, tenant)
        with nullcontext() if one is None else _releasing(one):
            self.check_sum(tenant, stored + self._uncounted(tenant, one), more)

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

    def _uncounted(self, tenant: str, but: Arriving | None = None) -> int:
        """Return the bytes of running uploads that the database does not count.

        Call it after reading the database's sum, which may count them meanwhile: then they are
        missing here instead of counted twice.
        """
        # A copy: a transaction calls this in its own thread.
        arriving = tuple(self._arriving.get(tenant, ()))
        return sum(one.uncounted for one in arriving if one is not but)

    async def _stored(self, tenant: str) -> int:
        """Return the sum that the database counts."""
        records = await self._records_of(tenant)
        return records + await self._database.read(lambda connection: _files(connection, tenant))

    async def _seen(self, tenant: str) -> int:
        """Return the sum that the database counts; it may be a second old."""
        seen = self._totals.get(tenant)
        if seen is None or _now() > seen.until:
            began = _now()
            seen = self._totals[tenant] = _CachedSum.now(await self._stored(tenant), began)
        return seen.bytes

    async def _records_of(self, tenant: str) -> int:
        seen = self._records.get(tenant)
        if seen is None or _now() > seen.until:
            began = _now()
            total = await self._database.read(
                lambda connection: _sum(connection, executions, executions.c.record_bytes, tenant)
            )
            seen = self._records[tenant] = _CachedSum.now(total, began)
        return seen.bytes


@contextmanager
def _releasing(one: Arriving) -> Iterator[None]:
    """Release a refused upload: of two that fit only singly, one continues."""
    try:
        yield
    except QuotaError:
        one.release()
        raise


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
