"""Uploads that can go on, in the database."""

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from cellblock_server.store.database import Database
from cellblock_server.store.files import insert_file
from cellblock_server.store.records import FilePurpose, FileRecord, UploadRecord
from cellblock_server.store.tables import uploads
from cellblock_server.store.usage import Usage


class UploadStore:
    """Reads and writes `UploadRecord`s."""

    def __init__(self, database: Database, usage: Usage) -> None:
        """Keep them in `database`; what is stored has to fit by `usage`."""
        self._database = database
        self._usage = usage

    async def insert(self, record: UploadRecord) -> None:
        """Remember a new upload."""
        await self._database.execute(insert(uploads).values(**asdict(record)))

    async def find(self, tenant: str, upload_id: str) -> UploadRecord | None:
        """An upload by id."""
        query = select(uploads).where(uploads.c.tenant == tenant, uploads.c.id == upload_id)
        row = await self._database.row(query)
        return None if row is None else _record(row)

    async def all(self) -> list[UploadRecord]:
        """All tenants' uploads."""
        return [_record(row) for row in await self._database.rows(select(uploads))]

    async def received(
        self, tenant: str, upload_id: str, received_bytes: int, expire_time: datetime
    ) -> None:
        """Remember how much has come, and until when it is kept."""
        await self._database.execute(
            update(uploads)
            .where(uploads.c.tenant == tenant, uploads.c.id == upload_id)
            .values(received_bytes=received_bytes, expire_time=expire_time)
        )

    async def complete(self, file: FileRecord, upload_id: str = "") -> None:
        """Store an uploaded file, and that its upload is complete if it has an id.

        Raises QuotaError.
        """

        def change(connection: Connection) -> None:
            if upload_id:
                connection.execute(
                    update(uploads)
                    .where(uploads.c.tenant == file.tenant, uploads.c.id == upload_id)
                    .values(file_id=file.id, received_bytes=0)
                )
            self._usage.check_within(connection, file.tenant, file.bytes)
            insert_file(connection, file)

        await self._database.write(change)

    async def delete(self, tenant: str, upload_id: str) -> None:
        """Forget an upload."""
        await self._database.execute(
            delete(uploads).where(uploads.c.tenant == tenant, uploads.c.id == upload_id)
        )

    async def delete_expired(
        self, now: datetime, spare: Collection[tuple[str, str]]
    ) -> list[UploadRecord]:
        """Forget uploads whose time has come, but not those of `spare` (tenant and id)."""
        query = select(uploads).where(uploads.c.expire_time <= now)

        def change(connection: Connection) -> list[UploadRecord]:
            found = [_record(row) for row in connection.execute(query)]
            gone = [record for record in found if (record.tenant, record.id) not in spare]
            for record in gone:
                connection.execute(
                    delete(uploads).where(
                        uploads.c.tenant == record.tenant, uploads.c.id == record.id
                    )
                )
            return gone

        return await self._database.write(change)


def _record(row: Row[Any]) -> UploadRecord:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented accessor
    values["purpose"] = FilePurpose(values["purpose"])
    return UploadRecord(**values)
