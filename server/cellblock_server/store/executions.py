"""Executions and the journal of their events in the database."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cellblock_server.store import paging
from cellblock_server.store.database import Database
from cellblock_server.store.records import (
    CodeError,
    ExecutionRecord,
    ExecutionStatus,
    Failure,
    FailureCause,
    Page,
    SessionRecord,
)
from cellblock_server.store.tables import events, executions

FIXED = ("id", "tenant", "session_id", "step_id", "timeout", "create_time", "ordinal")
"""What does not change while an execution lives."""
UNFINISHED = (ExecutionStatus.RECEIVING, ExecutionStatus.QUEUED, ExecutionStatus.RUNNING)


class ExecutionStore:
    """Reads `ExecutionRecord`s and their events. Writing is the journal's: see `executions/`."""

    def __init__(self, database: Database) -> None:
        """Read from `database`."""
        self._database = database

    async def find(self, tenant: str, execution_id: str) -> ExecutionRecord | None:
        """An execution by id."""
        query = select(executions).where(
            executions.c.tenant == tenant, executions.c.id == execution_id
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else execution_record(row)

    async def unfinished(self, session: SessionRecord) -> list[ExecutionRecord]:
        """A session's executions that have no end yet, in order of arrival."""
        query = (
            select(executions)
            .where(*_of(session), executions.c.status.in_(UNFINISHED))
            .order_by(executions.c.ordinal)
        )
        async with self._database.read() as connection:
            return [execution_record(row) for row in await connection.execute(query)]

    async def count_unfinished(self, tenant: str) -> int:
        """How many executions of a tenant have no end yet."""
        query = select(func.count()).where(
            executions.c.tenant == tenant, executions.c.status.in_(UNFINISHED)
        )
        async with self._database.read() as connection:
            return int((await connection.execute(query)).scalar_one())

    async def events(
        self, execution: ExecutionRecord, from_sequence: int, limit: int
    ) -> list[tuple[int, bytes]]:
        """Up to `limit` events from a number on: (sequence, serialized ExecutionEvent)."""
        query = (
            select(events.c.sequence, events.c.payload)
            .where(
                events.c.tenant == execution.tenant,
                events.c.execution_id == execution.id,
                events.c.sequence >= from_sequence,
            )
            .order_by(events.c.sequence)
            .limit(limit)
        )
        async with self._database.read() as connection:
            return [(row.sequence, row.payload) for row in await connection.execute(query)]

    async def list(self, session: SessionRecord, size: int, token: str) -> Page[ExecutionRecord]:
        """A page of a session's executions, oldest first."""
        limit = paging.page_size(size)
        query = (
            select(executions)
            .where(*_of(session), executions.c.ordinal > paging.ordinal(token))
            .order_by(executions.c.ordinal)
            .limit(limit + 1)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        records = [execution_record(row) for row in rows[:limit]]
        more = len(rows) > limit
        return Page(records, paging.token_after(records[-1].ordinal) if more else "")


async def insert_execution(connection: AsyncConnection, record: ExecutionRecord) -> None:
    """Store a new execution, as part of a transaction."""
    await connection.execute(insert(executions).values(**_values(record)))


async def update_execution(
    connection: AsyncConnection, record: ExecutionRecord, *, with_code: bool
) -> None:
    """Store what changes while an execution lives, as part of a transaction.

    Its code, which may be long, only if more of it has come.
    """
    values = _values(record)
    if not with_code:
        del values["code"]
    for fixed in FIXED:
        del values[fixed]
    await connection.execute(
        update(executions)
        .where(executions.c.tenant == record.tenant, executions.c.id == record.id)
        .values(**values)
    )


async def insert_events(
    connection: AsyncConnection, execution: ExecutionRecord, rows: Sequence[tuple[int, bytes]]
) -> None:
    """Append events, as part of a transaction."""
    await connection.execute(
        insert(events),
        [
            {
                "tenant": execution.tenant,
                "execution_id": execution.id,
                "sequence": sequence,
                "payload": payload,
            }
            for sequence, payload in rows
        ],
    )


def _of(session: SessionRecord) -> tuple[ColumnElement[bool], ...]:
    return executions.c.tenant == session.tenant, executions.c.session_id == session.id


def _values(record: ExecutionRecord) -> dict[str, Any]:
    values = asdict(record)
    failure = record.failure
    del values["failure"]
    values["failure_cause"] = failure.cause if failure else None
    values["failure_message"] = failure.message if failure else None
    values["memory_lost"] = failure.memory_lost if failure else None
    return values


def execution_record(row: Row[Any]) -> ExecutionRecord:
    """A row of `executions` as a record."""
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented accessor
    cause = values.pop("failure_cause")
    message = values.pop("failure_message")
    memory_lost = values.pop("memory_lost")
    values["status"] = ExecutionStatus(values["status"])
    values["error"] = CodeError(**values["error"]) if values["error"] else None
    values["failure"] = Failure(FailureCause(cause), message, memory_lost) if cause else None
    return ExecutionRecord(**values)
