"""Sessions in the database."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    bindparam,
    delete,
    insert,
    select,
    tuple_,
    update,
)
from sqlalchemy.exc import IntegrityError

from cellblock_server.common.errors import AlreadyExistsError
from cellblock_server.store import paging
from cellblock_server.store.database import Database
from cellblock_server.store.prepared import Prepared
from cellblock_server.store.record_fields import changed_fields
from cellblock_server.store.records import (
    EndReason,
    Page,
    SessionFilter,
    SessionRecord,
    SessionState,
)
from cellblock_server.store.tables import sessions

ALIVE = (SessionState.CREATING, SessionState.READY, SessionState.BUSY, SessionState.RESTARTING)
"""States of sessions that have not ended."""
THIS = sessions.c.tenant == bindparam("this_tenant"), sessions.c.id == bindparam("this_id")
FIND, UPDATE = select(sessions).where(*THIS), Prepared(update(sessions).where(*THIS))
"""Prepared once: making a statement costs more than running it."""


class SessionStore:
    """Reads and writes `SessionRecord`s."""

    def __init__(self, database: Database) -> None:
        """Store them in `database`."""
        self._database = database

    async def insert(self, record: SessionRecord) -> None:
        """Store a new session. Raises AlreadyExistsError if the id or request id is taken."""
        try:
            await self._database.execute(insert(sessions).values(**asdict(record)))
        except IntegrityError as error:
            raise AlreadyExistsError("session", record.id, "exists already") from error

    async def find_session(self, tenant: str, session_id: str) -> SessionRecord | None:
        """Return a session by id."""
        row = await self._database.row(FIND, this_tenant=tenant, this_id=session_id)
        return None if row is None else _record(row)

    async def find_request(self, tenant: str, request_id: str) -> SessionRecord | None:
        """Return the session that a request created."""
        query = select(sessions).where(
            sessions.c.tenant == tenant, sessions.c.request_id == request_id
        )
        row = await self._database.row(query)
        return None if row is None else _record(row)

    async def alive(self) -> list[SessionRecord]:
        """Return all tenants' sessions that have not ended."""
        query = select(sessions).where(sessions.c.state.in_(ALIVE))
        return [_record(row) for row in await self._database.rows(query)]

    async def list(
        self, tenant: str, wanted: SessionFilter, size: int, token: str
    ) -> Page[SessionRecord]:
        """Return a page of sessions, newest first."""
        limit = paging.page_size(size)
        query = select(sessions).where(sessions.c.tenant == tenant)
        if wanted.thread_id:
            query = query.where(sessions.c.thread_id == wanted.thread_id)
        if wanted.states:
            query = query.where(sessions.c.state.in_(wanted.states))
        if (after := paging.time_and_id(token)) is not None:
            query = query.where(paging.older_than(sessions.c.create_time, sessions.c.id, after))
        query = query.order_by(sessions.c.create_time.desc(), sessions.c.id.desc())
        rows = await self._database.rows(query.limit(limit + 1))
        records = [_record(row) for row in rows[:limit]]
        more = len(rows) > limit
        last = records[-1] if records else None
        return Page(records, paging.token_after(last.create_time, last.id) if more and last else "")

    async def delete(self, tenant: str, session_id: str) -> None:
        """Delete a session, with its executions and their events."""
        await self._database.execute(
            delete(sessions).where(sessions.c.tenant == tenant, sessions.c.id == session_id)
        )

    async def delete_ended_before(self, time: datetime, limit: int) -> int:
        """Delete up to `limit` sessions that ended before `time`, and return their number.

        Their executions, events and attachments are deleted with them.
        """
        names = sessions.c.tenant, sessions.c.id
        ended = select(*names).where(sessions.c.end_time < time).limit(limit)
        statement = delete(sessions).where(tuple_(*names).in_(ended))
        return await self._database.write(lambda connection: connection.execute(statement).rowcount)


def update_session(connection: Connection, before: SessionRecord, after: SessionRecord) -> None:
    """Store the fields of `after` that differ from `before`, as part of a transaction."""
    if changes := changed_fields(before, after):
        this = {"this_tenant": before.tenant, "this_id": before.id}
        UPDATE.execute(connection, {**changes, **this})


def _record(row: Row[Any]) -> SessionRecord:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented accessor
    values["state"] = SessionState(values["state"])
    values["end_reason"] = EndReason(values["end_reason"])
    return SessionRecord(**values)
