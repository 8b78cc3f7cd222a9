"""The audit log in the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select

from cellblock_server.store import paging
from cellblock_server.store.database import Database
from cellblock_server.store.records import AuditRecord, Page
from cellblock_server.store.tables import audit


@dataclass(frozen=True)
class AuditFilter:
    """Filter of a listing of audit entries."""

    tenant: str = ""
    key_id: str = ""
    since: datetime | None = None


class AuditStore:
    """Reads and writes `AuditRecord`s."""

    def __init__(self, database: Database) -> None:
        """Store the entries in `database`."""
        self._database = database

    async def insert(self, records: Sequence[AuditRecord]) -> None:
        """Append entries, all or none."""
        rows = [vars(record) for record in records]
        await self._database.write(lambda connection: connection.execute(insert(audit), rows))

    async def list(self, wanted: AuditFilter, size: int, token: str) -> Page[AuditRecord]:
        """Return a page of entries, newest first."""
        limit = paging.page_size(size)
        query = select(audit).order_by(audit.c.id.desc())
        if before := paging.ordinal(token):
            query = query.where(audit.c.id < before)
        if wanted.tenant:
            query = query.where(audit.c.tenant == wanted.tenant)
        if wanted.key_id:
            query = query.where(audit.c.key_id == wanted.key_id)
        if wanted.since is not None:
            query = query.where(audit.c.time >= wanted.since)
        rows = await self._database.rows(query.limit(limit + 1))
        more = paging.token_after(rows[limit - 1].id) if len(rows) > limit else ""
        return Page([_record(row) for row in rows[:limit]], more)

    async def delete_old_entries(self, before: datetime, most: int) -> int:
        """Delete entries older than `before`, and all but the newest `most` of each tenant.

        The bound applies to each tenant separately: one tenant can't displace another tenant's
        entries. Returns the number of deleted entries.
        """
        crowded = select(audit.c.tenant).group_by(audit.c.tenant).having(func.count() > most)

        def change(connection: Connection) -> int:
            gone = connection.execute(delete(audit).where(audit.c.time < before)).rowcount
            for tenant in connection.execute(crowded).scalars().all():
                newest = (
                    select(audit.c.id)
                    .where(audit.c.tenant == tenant)
                    .order_by(audit.c.id.desc())
                    .offset(most)
                    .limit(1)
                    .scalar_subquery()
                )
                statement = delete(audit).where(audit.c.tenant == tenant, audit.c.id <= newest)
                gone += connection.execute(statement).rowcount
            return gone

        return await self._database.write(change)


def _record(row: Row[Any]) -> AuditRecord:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented accessor
    del values["id"]
    return AuditRecord(**values)
