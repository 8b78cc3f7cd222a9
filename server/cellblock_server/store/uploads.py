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
from cellblock_server.store.usage import Arriving, Usage


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

    async def unfinished(self) -> list[tuple[str, str]]:
        """Tenant and id of each upload that has no file yet."""
        query = select(uploads.c.tenant, uploads.c.id).where(uploads.c.file_id == "")
        return [(row.tenant, row.id) for row in await self._database.rows(query)]

    async def set_received(self, tenant: str, upload_id: str, received_bytes: int) -> None:
        """Correct how much of an upload is kept, if that is something else."""
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
        """Remember how much has come, and until when it is kept; `arriving` is released."""

        def change(connection: Connection) -> None:
            connection.execute(
                update(uploads)
                .where(uploads.c.tenant == tenant, uploads.c.id == upload_id)
                .values(received_bytes=received_bytes, expire_time=expire_time)
            )
            arriving.release()

        await self._database.write(change)

    async def complete(self, file: FileRecord, arriving: Arriving, upload_id: str = "") -> None:
        """Store an uploaded file, and that its upload is complete if it has an id.

        `arriving`, which are the file's bytes, is released. Raises QuotaError.
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
        """Forget an upload."""
        await self._database.execute(
            delete(uploads).where(uploads.c.tenant == tenant, uploads.c.id == upload_id)
        )

    async def delete_over(self, tenant: str, most: int, spare: Collection[tuple[str, str]]) -> int:
        """Forget unfinished uploads of a tenant past `most`, those that expire first; how many.

        Those of `spare` (tenant and id) stay, and count.
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
        """Forget uploads whose time has come, but not those of `spare` (tenant and id)."""
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
