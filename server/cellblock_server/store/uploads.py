"""Resumable uploads in the database."""

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from cellblock_server.store.database import Database
from cellblock_server.store.files import insert_file
from cellblock_server.store.records import FilePurpose, FileRecord, UploadRecord
from cellblock_server.store.tables import uploads
from cellblock_server.store.usage import Arriving, Usage


class UploadStore:
    """Reads and writes `UploadRecord`s."""

    def __init__(self, database: Database, usage: Usage) -> None:
        """Store them in `database`, within the quotas that `usage` checks."""
        self._database = database
        self._usage = usage

    async def insert(self, record: UploadRecord) -> None:
        """Store a new upload."""
        await self._database.execute(insert(uploads).values(**asdict(record)))

    async def find_upload(self, tenant: str, upload_id: str) -> UploadRecord | None:
        """Return an upload by id."""
        query = select(uploads).where(uploads.c.tenant == tenant, uploads.c.id == upload_id)
        row = await self._database.row(query)
        return None if row is None else _record(row)

    async def unfinished(self) -> list[tuple[str, str]]:
        """Return tenant and id of each upload that has no file yet."""
        query = select(uploads.c.tenant, uploads.c.id).where(uploads.c.file_id == "")
        return [(row.tenant, row.id) for row in await self._database.rows(query)]

    async def set_received(self, tenant: str, upload_id: str, received_bytes: int) -> None:
        """Store the size of an upload's received part if it differs from the stored size."""
        await self._database.execute(
            update(uploads)
            .where(
                uploads.c.tenant == tenant,
                uploads.c.id == upload_id,
                uploads.c.received_bytes != received_bytes,
            )
            .values(received_bytes=received_bytes)
        )

    async def received(
        self,
        tenant: str,
        upload_id: str,
        received_bytes: int,
        expire_time: datetime,
        arriving: Arriving,
    ) -> None:
        """Store the received size and the expiry time of an upload, and release `arriving`."""

        def change(connection: Connection) -> None:
            connection.execute(
                update(uploads)
                .where(uploads.c.tenant == tenant, uploads.c.id == upload_id)
                .values(received_bytes=received_bytes, expire_time=expire_time)
            )
            arriving.release()

        await self._database.write(change)

    async def complete(self, file: FileRecord, arriving: Arriving, upload_id: str = "") -> None:
        """Store an uploaded file, and complete its upload if it has an id.

        `arriving`, which has the file's bytes, is released. Raises QuotaError.
        """

        def change(connection: Connection) -> None:
            if upload_id:
                connection.execute(
                    update(uploads)
                    .where(uploads.c.tenant == file.tenant, uploads.c.id == upload_id)
                    .values(file_id=file.id, received_bytes=0)
                )
            self._usage.check_within(connection, file.tenant, file.bytes, arriving)
            insert_file(connection, file)
            arriving.release()

        await self._database.write(change)

    async def delete(self, tenant: str, upload_id: str) -> None:
        """Delete an upload."""
        await self._database.execute(
            delete(uploads).where(uploads.c.tenant == tenant, uploads.c.id == upload_id)
        )

    async def delete_over(self, tenant: str, most: int, spare: Collection[tuple[str, str]]) -> int:
        """Delete a tenant's unfinished uploads over `most`, those that expire first.

        Those in `spare` (tenant and id) stay, and count. Returns the number of deleted uploads.
        """
        query = (
            select(uploads.c.id)
            .where(uploads.c.tenant == tenant, uploads.c.file_id == "")
            .order_by(uploads.c.expire_time.desc(), uploads.c.id)
        )

        def change(connection: Connection) -> int:
            names = [row.id for row in connection.execute(query)]
            idle = [name for name in names if (tenant, name) not in spare]
            gone = idle[max(0, most - (len(names) - len(idle))) :]
            for name in gone:
                connection.execute(
                    delete(uploads).where(uploads.c.tenant == tenant, uploads.c.id == name)
                )
            return len(gone)

        return await self._database.write(change)

    async def delete_expired(self, now: datetime, spare: Collection[tuple[str, str]]) -> None:
        """Delete expired uploads, except those in `spare` (tenant and id)."""
        query = select(uploads.c.tenant, uploads.c.id).where(uploads.c.expire_time <= now)

        def change(connection: Connection) -> None:
            for row in connection.execute(query).all():
                if (row.tenant, row.id) not in spare:
                    connection.execute(
                        delete(uploads).where(
                            uploads.c.tenant == row.tenant, uploads.c.id == row.id
                        )
                    )

        await self._database.write(change)


def _record(row: Row[Any]) -> UploadRecord:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented accessor
    values["purpose"] = FilePurpose(values["purpose"])
    return UploadRecord(**values)
