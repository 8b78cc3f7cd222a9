"""Tenants in the database."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from cellblock_server.common.errors import AlreadyExistsError
from cellblock_server.store import paging
from cellblock_server.store.database import Database
from cellblock_server.store.records import Page, TenantRecord
from cellblock_server.store.tables import tenants
from cellblock_server.store.upsert import insert_for


class TenantStore:
    """Reads and writes `TenantRecord`s."""

    def __init__(self, database: Database) -> None:
        """Store them in `database`."""
        self._database = database

    async def insert(self, record: TenantRecord) -> None:
        """Store a new tenant. Raises AlreadyExistsError."""
        try:
            await self._database.execute(insert(tenants).values(**asdict(record)))
        except IntegrityError as error:
            raise AlreadyExistsError("tenant", record.id, "exists already") from error

    async def ensure(self, tenant_id: str, now: datetime) -> None:
        """Store a tenant unless there is one of this id."""

        def change(connection: Connection) -> None:
            row = insert_for(connection, tenants).values(id=tenant_id, create_time=now, quotas={})
            connection.execute(row.on_conflict_do_nothing())

        await self._database.write(change)

    async def set_quotas(self, tenant_id: str, quotas: dict[str, float]) -> None:
        """Replace the quotas set for a tenant."""
        await self._database.execute(
            update(tenants).where(tenants.c.id == tenant_id).values(quotas=quotas)
        )

    async def all(self) -> Sequence[TenantRecord]:
        """Return all tenants."""
        return [_record(row) for row in await self._database.rows(select(tenants))]

    async def find_tenant(self, tenant_id: str) -> TenantRecord | None:
        """Return a tenant by id."""
        query = select(tenants).where(tenants.c.id == tenant_id)
        row = await self._database.row(query)
        return None if row is None else _record(row)

    async def list(self, size: int, token: str) -> Page[TenantRecord]:
        """Return a page of tenants, newest first."""
        limit = paging.page_size(size)
        query = select(tenants).order_by(tenants.c.create_time.desc(), tenants.c.id.desc())
        if (after := paging.time_and_id(token)) is not None:
            query = query.where(paging.older_than(tenants.c.create_time, tenants.c.id, after))
        rows = await self._database.rows(query.limit(limit + 1))
        records = [_record(row) for row in rows[:limit]]
        more = len(rows) > limit
        last = records[-1] if records else None
        return Page(records, paging.token_after(last.create_time, last.id) if more and last else "")


def _record(row: Row[Any]) -> TenantRecord:
    return TenantRecord(**dict(row._mapping))  # noqa: SLF001 - SQLAlchemy's documented accessor
