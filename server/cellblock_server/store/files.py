"""Metadata and attachments of files in the database."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, delete, insert, select
from sqlalchemy.exc import IntegrityError

from cellblock_server.common.errors import AlreadyExistsError
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
"""Maximum number of values in one query: databases bound it."""


class FileStore:
    """Reads and writes `FileRecord`s and `AttachmentRecord`s."""

    def __init__(self, database: Database) -> None:
        """Store them in `database`."""
        self._database = database

    async def find_file(self, tenant: str, file_id: str) -> FileRecord | None:
        """Return a file by id."""
        query = select(files).where(files.c.tenant == tenant, files.c.id == file_id)
        row = await self._database.row(query)
        return None if row is None else file_record(row)

    async def list(
        self, tenant: str, wanted: FileFilter, size: int, token: str
    ) -> Page[FileRecord]:
        """Return a page of files, in order of creation time."""
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
        rows = await self._database.rows(query.limit(limit + 1))
        records = [file_record(row) for row in rows[:limit]]
        more = len(rows) > limit
        last = records[-1] if records else None
        return Page(records, paging.token_after(last.create_time, last.id) if more and last else "")

    async def at_paths(
        self, tenant: str, session_id: str, paths: Iterable[str]
    ) -> dict[str, FileRecord]:
        """Return the session's newest generated or attached file at each path."""
        wanted = list(paths)
        batches = [wanted[first : first + BATCH] for first in range(0, len(wanted), BATCH)]

        def reading(connection: Connection) -> dict[str, FileRecord]:
            found: dict[str, FileRecord] = {}
            for batch in batches:
                for row in connection.execute(_attached_as(tenant, session_id, batch)):
                    values = dict(row._mapping)  # noqa: SLF001
                    path = FOLDER + values.pop("attached_as")
                    found[path] = _of(values)
                for row in connection.execute(_generated_at(tenant, session_id, batch)):
                    found[row.path] = file_record(row)
            return found

        return await self._database.read(reading)

    async def paths_of_session(self, tenant: str, session_id: str, limit: int) -> set[str]:
        """Return the paths of the session's attachments and newest generated files."""
        attached = (
            select(attachments.c.filename)
            .where(attachments.c.tenant == tenant, attachments.c.session_id == session_id)
            .limit(limit)
        )
        generated = (
            select(files.c.path)
            .where(files.c.tenant == tenant, files.c.session_id == session_id, files.c.path != "")
            .order_by(files.c.create_time.desc(), files.c.id.desc())
            .limit(limit)
        )
        names = {FOLDER + row.filename for row in await self._database.rows(attached)}
        return names | {row.path for row in await self._database.rows(generated)}

    async def delete(self, file_id: str) -> None:
        """Delete a file's metadata and the record of its upload."""
        await self._database.execute(
            delete(files).where(files.c.id == file_id),
            delete(uploads).where(uploads.c.file_id == file_id),
        )

    async def delete_expired(self, now: datetime, limit: int) -> Sequence[str]:
        """Delete up to `limit` expired files, and return the hashes of their bytes."""
        query = select(files.c.id, files.c.sha256).where(files.c.expire_time <= now).limit(limit)

        def change(connection: Connection) -> Sequence[str]:
            rows = connection.execute(query).all()
            names = [row.id for row in rows]
            connection.execute(delete(files).where(files.c.id.in_(names)))
            connection.execute(delete(uploads).where(uploads.c.file_id.in_(names)))
            return [row.sha256 for row in rows]

        return await self._database.write(change)

    async def is_referenced(self, sha256: str) -> bool:
        """Whether any file has these bytes."""
        query = select(files.c.id).where(files.c.sha256 == sha256).limit(1)
        return await self._database.row(query) is not None

    async def unreferenced(self, hashes: Sequence[str]) -> Sequence[str]:
        """Return those of up to 1000 `hashes` that no file has."""
        query = select(files.c.sha256).where(files.c.sha256.in_(hashes)).distinct()
        found = {row.sha256 for row in await self._database.rows(query)}
        return [sha256 for sha256 in hashes if sha256 not in found]

    async def attach(self, record: AttachmentRecord) -> None:
        """Store an attachment. Raises AlreadyExistsError if the file or name is attached."""
        try:
            await self._database.execute(insert(attachments).values(**asdict(record)))
        except IntegrityError as error:
            raise AlreadyExistsError(
                "attachment", record.filename, "is attached to the session already"
            ) from error

    async def detach(self, tenant: str, session_id: str, file_id: str) -> None:
        """Delete an attachment."""
        named = _attachment(tenant, session_id, file_id)
        await self._database.execute(delete(attachments).where(*named))

    async def find_attachment(
        self, tenant: str, session_id: str, file_id: str
    ) -> AttachmentRecord | None:
        """Return an attachment by session and file."""
        query = select(attachments).where(*_attachment(tenant, session_id, file_id))
        row = await self._database.row(query)
        return None if row is None else AttachmentRecord(**dict(row._mapping))  # noqa: SLF001


def insert_file(connection: Connection, record: FileRecord) -> None:
    """Store a new file's metadata, as part of a transaction."""
    connection.execute(insert(files), asdict(record))


def _attached_as(tenant: str, session_id: str, paths: Sequence[str]) -> Select[Any]:
    """Select the files attached at these paths."""
    return (
        select(files, attachments.c.filename.label("attached_as"))
        .join(attachments, attachments.c.file_id == files.c.id)
        .where(
            attachments.c.tenant == tenant,
            attachments.c.session_id == session_id,
            files.c.tenant == tenant,
            attachments.c.filename.in_([path.removeprefix(FOLDER) for path in paths]),
        )
    )


def _generated_at(tenant: str, session_id: str, paths: Sequence[str]) -> Select[Any]:
    """Select the files that code generated at these paths, oldest first."""
    return (
        select(files)
        .where(
            files.c.session_id == session_id,
            files.c.tenant == tenant,
            files.c.path.in_(paths),
        )
        .order_by(files.c.create_time, files.c.id)
    )


def _attachment(tenant: str, session_id: str, file_id: str) -> tuple[ColumnElement[bool], ...]:
    return (
        attachments.c.tenant == tenant,
        attachments.c.session_id == session_id,
        attachments.c.file_id == file_id,
    )


def file_record(row: Row[Any]) -> FileRecord:
    """Convert a row of `files` to a record."""
    return _of(dict(row._mapping))  # noqa: SLF001 - SQLAlchemy's documented accessor


def _of(values: dict[str, Any]) -> FileRecord:
    values["purpose"] = FilePurpose(values["purpose"])
    return FileRecord(**values)
