"""Files' metadata and attachments in the database."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from cellblock_server.errors import AlreadyExistsError
from cellblock_server.store import paging
from cellblock_server.store.database import Database
from cellblock_server.store.records import (
    AttachmentRecord,
    FileFilter,
    FilePurpose,
    FileRecord,
    Page,
)
from cellblock_server.store.tables import attachments, files, uploads

FOLDER = "/mnt/data/"
BATCH = 500
"""Values in one query: databases bound them."""


class FileStore:
    """Reads and writes `FileRecord`s and `AttachmentRecord`s."""

    def __init__(self, database: Database) -> None:
        """Keep them in `database`."""
        self._database = database

    async def find(self, tenant: str, file_id: str) -> FileRecord | None:
        """A file by id."""
        query = select(files).where(files.c.tenant == tenant, files.c.id == file_id)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else file_record(row)

    async def list(
        self, tenant: str, wanted: FileFilter, size: int, token: str
    ) -> Page[FileRecord]:
        """A page of files, in order of their time."""
        limit = paging.page_size(size)
        query = select(files).where(files.c.tenant == tenant)
        for column, value in (
            (files.c.session_id, wanted.session_id),
            (files.c.execution_id, wanted.execution_id),
            (files.c.filename, wanted.filename),
            (files.c.purpose, wanted.purpose),
        ):
            if value:
                query = query.where(column == value)
        time, name = files.c.create_time, files.c.id
        after = paging.time_and_id(token)
        if wanted.oldest_first:
            query = query.order_by(time, name)
            condition = paging.newer_than
        else:
            query = query.order_by(time.desc(), name.desc())
            condition = paging.older_than
        if after is not None:
            query = query.where(condition(time, name, after))
        async with self._database.read() as connection:
            rows = (await connection.execute(query.limit(limit + 1))).all()
        records = [file_record(row) for row in rows[:limit]]
        more = len(rows) > limit
        last = records[-1] if records else None
        return Page(records, paging.token_after(last.create_time, last.id) if more and last else "")

    async def at_paths(
        self, tenant: str, session_id: str, paths: Iterable[str]
    ) -> dict[str, FileRecord]:
        """The session's newest generated file at each path, or what is attached there."""
        found: dict[str, FileRecord] = {}
        wanted = list(paths)
        async with self._database.read() as connection:
            for batch in (wanted[n : n + BATCH] for n in range(0, len(wanted), BATCH)):
                names = [path.removeprefix(FOLDER) for path in batch]
                attached = (
                    select(files, attachments.c.filename.label("attached_as"))
                    .join(attachments, attachments.c.file_id == files.c.id)
                    .where(
                        attachments.c.tenant == tenant,
                        attachments.c.session_id == session_id,
                        files.c.tenant == tenant,
                        attachments.c.filename.in_(names),
                    )
                )
                for row in await connection.execute(attached):
                    values = dict(row._mapping)  # noqa: SLF001
                    path = FOLDER + values.pop("attached_as")
                    found[path] = _of(values)
                generated = (
                    select(files)
                    .where(
                        files.c.session_id == session_id,
                        files.c.tenant == tenant,
                        files.c.path.in_(batch),
                    )
                    .order_by(files.c.create_time, files.c.id)
                )
                for row in await connection.execute(generated):
                    found[row.path] = file_record(row)
        return found

    async def delete(self, file_id: str) -> None:
        """Forget a file's metadata, and that it was uploaded."""
        async with self._database.write() as connection:
            await connection.execute(delete(files).where(files.c.id == file_id))
            await connection.execute(delete(uploads).where(uploads.c.file_id == file_id))

    async def delete_expired(self, now: datetime, limit: int) -> Sequence[str]:
        """Forget up to `limit` files whose time has come; the hashes of their bytes."""
        query = select(files.c.id, files.c.sha256).where(files.c.expire_time <= now).limit(limit)
        async with self._database.write() as connection:
            rows = (await connection.execute(query)).all()
            names = [row.id for row in rows]
            await connection.execute(delete(files).where(files.c.id.in_(names)))
            await connection.execute(delete(uploads).where(uploads.c.file_id.in_(names)))
        return [row.sha256 for row in rows]

    async def is_referenced(self, sha256: str) -> bool:
        """Whether any file has these bytes."""
        query = select(files.c.id).where(files.c.sha256 == sha256).limit(1)
        async with self._database.read() as connection:
            return (await connection.execute(query)).one_or_none() is not None

    async def attach(self, record: AttachmentRecord) -> None:
        """Remember an attachment. Raises AlreadyExistsError if the file or name is attached."""
        try:
            async with self._database.write() as connection:
                await connection.execute(insert(attachments).values(**asdict(record)))
        except IntegrityError as error:
            raise AlreadyExistsError(
                "attachment", record.filename, "is attached to the session already"
            ) from error

    async def detach(self, tenant: str, session_id: str, file_id: str) -> None:
        """Forget an attachment."""
        named = _attachment(tenant, session_id, file_id)
        async with self._database.write() as connection:
            await connection.execute(delete(attachments).where(*named))

    async def find_attachment(
        self, tenant: str, session_id: str, file_id: str
    ) -> AttachmentRecord | None:
        """An attachment by session and file."""
        query = select(attachments).where(*_attachment(tenant, session_id, file_id))
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else AttachmentRecord(**dict(row._mapping))  # noqa: SLF001


async def insert_file(connection: AsyncConnection, record: FileRecord) -> None:
    """Store a new file's metadata, as part of a transaction."""
    await connection.execute(insert(files).values(**asdict(record)))


def _attachment(tenant: str, session_id: str, file_id: str) -> tuple[ColumnElement[bool], ...]:
    return (
        attachments.c.tenant == tenant,
        attachments.c.session_id == session_id,
        attachments.c.file_id == file_id,
    )


def file_record(row: Row[Any]) -> FileRecord:
    """A row of `files` as a record."""
    return _of(dict(row._mapping))  # noqa: SLF001 - SQLAlchemy's documented accessor


def _of(values: dict[str, Any]) -> FileRecord:
    values["purpose"] = FilePurpose(values["purpose"])
    return FileRecord(**values)
