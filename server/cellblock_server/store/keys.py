"""API keys in the database, as hashes."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update

from cellblock_server.store import paging
from cellblock_server.store.database import Database
from cellblock_server.store.records import KeyRecord, Page, Role
from cellblock_server.store.tables import api_keys


class KeyStore:
    """Reads and writes `KeyRecord`s."""

    def __init__(self, database: Database) -> None:
        """Store them in `database`."""
        self._database = database

    async def insert(self, record: KeyRecord) -> None:
        """Store a new key."""
        await self._database.execute(insert(api_keys).values(**asdict(record)))

    async def find_key(self, key_id: str) -> KeyRecord | None:
        """Return a key by its id."""
        query = select(api_keys).where(api_keys.c.id == key_id)
        row = await self._database.row(query)
        return None if row is None else _record(row)

    async def list(self, tenant: str, size: int, token: str) -> Page[KeyRecord]:
        """Return a page of keys, newest first; of all tenants if `tenant` is empty."""
        limit = paging.page_size(size)
        query = select(api_keys).order_by(api_keys.c.create_time.desc(), api_keys.c.id.desc())
        if tenant:
            query = query.where(api_keys.c.tenant == tenant)
        if (after := paging.time_and_id(token)) is not None:
            query = query.where(paging.older_than(api_keys.c.create_time, api_keys.c.id, after))
        rows = await self._database.rows(query.limit(limit + 1))
        records = [_record(row) for row in rows[:limit]]
        more = len(rows) > limit
        last = records[-1] if records else None
        return Page(records, paging.token_after(last.create_time, last.id) if more and last else "")

    async def replace(self, record: KeyRecord) -> None:
        """Store a changed key, except for the time of its last use."""
        values = asdict(record)
        del values["last_use_time"]
        await self._update(record.id, values)

    async def used(self, key_id: str, time: datetime) -> None:
        """Store the time at which a key was last used."""
        await self._update(key_id, {"last_use_time": time})

    async def _update(self, key_id: str, values: dict[str, Any]) -> None:
        await self._database.execute(
            update(api_keys).where(api_keys.c.id == key_id).values(**values)
        )


def _record(row: Row[Any]) -> KeyRecord:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented accessor
    values["role"] = Role(values["role"])
    return KeyRecord(**values)
