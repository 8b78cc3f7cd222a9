"""What a tenant's files and records use, and the quota that bounds them."""

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


@dataclass(eq=False)
class Arriving:
    """Bytes of one upload that is under way, as far as the database does not count them."""

    counted: int
    """Bytes that the database counts already: they came earlier."""
    expected: int = 0
    """Size that the caller has announced; 0 if it has not."""
    size: int = 0
    """Bytes that have come, earlier ones included."""
    released: bool = False

    @property
    def uncounted(self) -> int:
        """What is to be added to the database's sum."""
        return 0 if self.released else max(0, max(self.size, self.expected) - self.counted)

    def release(self) -> None:
        """Count nothing any more. For a transaction after which the database counts all of it."""
        self.released = True


class Usage:
    """Adds up what tenants use. Sizes in bytes."""

    def __init__(self, database: Database, quota: Callable[[str], int]) -> None:
        """Read from `database`; a tenant may have its `quota`, of files and records together."""
        self._database = database
        self._quota = quota
        self._records: dict[str, _Seen] = {}
        self._totals: dict[str, _Seen] = {}
        self._arriving: defaultdict[str, list[Arriving]] = defaultdict(list)

    async def used(self, tenant: str) -> int:
        """What a tenant's files, uploads under way and records have together."""
        return await self._stored(tenant) + self._uncounted(tenant)

    async def totals(self) -> dict[str, int]:
        """As `used`, of all tenants that use something."""
        totals = Counter(await self._database.read(_totals))
        for tenant, found in self._arriving.items():
            totals[tenant] += sum(one.uncounted for one in found)
        return dict(totals)

    @contextmanager
    def arriving(self, tenant: str, counted: int) -> Iterator[Arriving]:
        """A block that receives an upload, of which the database has `counted` bytes."""
        one = Arriving(counted, size=counted)
        self._arriving[tenant].append(one)
        try:
            yield one
        finally:
            self._arriving[tenant].remove(one)
            if not self._arriving[tenant]:
                del self._arriving[tenant]

    async def check_arriving(self, tenant: str, one: Arriving) -> None:
        """Raise QuotaError if an upload does not fit beside all else of its tenant."""
        size = max(one.size, one.expected)
        stored = await self._seen(tenant)
        if stored - one.counted + self._uncounted(tenant, one) + size > self._quota(tenant):
            # What is remembered may be too much by now.
            stored = await self._stored(tenant)
        with _releasing(one):
            self.check_sum(tenant, stored - one.counted + self._uncounted(tenant, one), size)

    async def check(self, tenant: str, more: int, *, uncounted: int = 0) -> None:
        """Raise QuotaError if `more` does not fit. `uncounted` is what is not stored yet."""
        self.check_sum(tenant, await self.used(tenant) + uncounted, more)

    async def check_roughly(self, tenant: str, more: int) -> None:
        """As `check`, by a sum that may be a second old, unless `more` does not fit by it."""
        if await self._seen(tenant) + self._uncounted(tenant) + more > self._quota(tenant):
            await self.check(tenant, more)

    def check_within(
        self, connection: Connection, tenant: str, more: int, one: Arriving | None = None
    ) -> None:
        """As `check`, in a transaction: two at once can't both have the last bytes.

        `one` is the upload whose bytes these are.
        """
        records = self._records.get(tenant, _Seen(0, 0))
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
        """Bytes of uploads under way that the database does not count.

        To be asked for after the database, which may count them meanwhile: then they are missing
        here, and not counted twice.
        """
        # A copy: a transaction asks in a thread of its own.
        arriving = tuple(self._arriving.get(tenant, ()))
        return sum(one.uncounted for one in arriving if one is not but)

    async def _stored(self, tenant: str) -> int:
        """What the database counts."""
        records = await self._records_of(tenant)
        return records + await self._database.read(lambda connection: _files(connection, tenant))

    async def _seen(self, tenant: str) -> int:
        """As `_stored`; may be a second old."""
        seen = self._totals.get(tenant)
        if seen is None or _now() > seen.until:
            began = _now()
            seen = self._totals[tenant] = _Seen.now(await self._stored(tenant), began)
        return seen.bytes

    async def _records_of(self, tenant: str) -> int:
        seen = self._records.get(tenant)
        if seen is None or _now() > seen.until:
            began = _now()
            total = await self._database.read(
                lambda connection: _sum(connection, executions, executions.c.record_bytes, tenant)
            )
            seen = self._records[tenant] = _Seen.now(total, began)
        return seen.bytes


@contextmanager
def _releasing(one: Arriving) -> Iterator[None]:
    """Release an upload that is refused: of two that fit only singly, one goes on."""
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
