"""Executions and the journal of their events in the database."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, bindparam, insert, select, update

from cellblock_server.store import paging
from cellblock_server.store.database import Database
from cellblock_server.store.prepared import Prepared
from cellblock_server.store.record_fields import changed_fields
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

THIS = executions.c.tenant == bindparam("this_tenant"), executions.c.id == bindparam("this_id")
FIND, UPDATE = select(executions).where(*THIS), Prepared(update(executions).where(*THIS))
INSERT, INSERT_EVENTS = Prepared(insert(executions)), Prepared(insert(events))
"""Prepared once: making a statement costs more than running it."""
EVENTS = (
    select(events.c.sequence, events.c.payload)
    .where(
        events.c.tenant == bindparam("this_tenant"),
        events.c.execution_id == bindparam("this_execution"),
        events.c.sequence >= bindparam("first"),
    )
    .order_by(events.c.sequence)
    .limit(bindparam("most"))
)
UNFINISHED = (ExecutionStatus.RECEIVING, ExecutionStatus.QUEUED, ExecutionStatus.RUNNING)


class ExecutionStore:
    """Reads `ExecutionRecord`s and their events. The journal writes them: see `journal/`."""

    def __init__(self, database: Database) -> None:
        """Read from `database`."""
        self._database = database

    async def find_execution(self, tenant: str, execution_id: str) -> ExecutionRecord | None:
        """Return an execution by id."""
        row = await self._database.row(FIND, this_tenant=tenant, this_id=execution_id)
        return None if row is None else execution_record(row)

    async def unfinished(self, session: SessionRecord) -> list[ExecutionRecord]:
        """Return a session's executions that have not ended, in order of arrival."""
        query = (
            select(executions)
            .where(*_of(session), executions.c.status.in_(UNFINISHED))
            .order_by(executions.c.ordinal)
        )
        return [execution_record(row) for row in await self._database.rows(query)]

    async def events(
        self, execution: ExecutionRecord, from_sequence: int, limit: int, max_bytes: int
    ) -> list[tuple[int, bytes]]:
        """Return events from a number on: (sequence, serialized ExecutionEvent).

        At most `limit` events, and no more once they have `max_bytes` together.
        """
        wanted = {
            "this_tenant": execution.tenant,
            "this_execution": execution.id,
            "first": from_sequence,
            "most": limit,
        }

        def reading(connection: Connection) -> list[tuple[int, bytes]]:
            found: list[tuple[int, bytes]] = []
            size = 0
            with connection.execute(EVENTS, wanted) as rows:
                for row in rows:
                    found.append((row.sequence, row.payload))
                    size += len(row.payload)
                    if size >= max_bytes:
                        break
            return found

        return await self._database.read(reading)

    async def list(self, session: SessionRecord, size: int, token: str) -> Page[ExecutionRecord]:
        """Return a page of a session's executions, oldest first."""
        limit = paging.page_size(size)
        query = (
            select(executions)
            .where(*_of(session), executions.c.ordinal > paging.ordinal(token))
            .order_by(executions.c.ordinal)
            .limit(limit + 1)
        )
        rows = await self._database.rows(query)
        records = [execution_record(row) for row in rows[:limit]]
        more = len(rows) > limit
        return Page(records, paging.token_after(records[-1].ordinal) if more else "")


def insert_execution(connection: Connection, record: ExecutionRecord) -> None:
    """Store a new execution, as part of a transaction."""
    INSERT.execute(connection, _columns(vars(record)))


def update_execution(
    connection: Connection, before: ExecutionRecord, after: ExecutionRecord
) -> None:
    """Store the fields of `after` that differ from `before`, as part of a transaction."""
    if changes := changed_fields(before, after):
        this = {"this_tenant": before.tenant, "this_id": before.id}
        UPDATE.execute(connection, {**_columns(changes), **this})


def insert_events(
    connection: Connection, execution: ExecutionRecord, rows: Sequence[tuple[int, bytes]]
) -> None:
    """Append events, as part of a transaction."""
    INSERT_EVENTS.execute_all(
        connection,
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


def _columns(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return column values for these fields of a record."""
    columns = dict(fields)
    if error := columns.get("error"):
        columns["error"] = asdict(error)
    if "failure" in columns:
        failure: Failure | None = columns.pop("failure")
        columns["failure_cause"] = failure.cause if failure else None
        columns["failure_message"] = failure.message if failure else None
        columns["memory_lost"] = failure.memory_lost if failure else None
    return columns


def execution_record(row: Row[Any]) -> ExecutionRecord:
    """Convert a row of `executions` to a record."""
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented accessor
    cause = values.pop("failure_cause")
    message = values.pop("failure_message")
    memory_lost = values.pop("memory_lost")
    values["status"] = ExecutionStatus(values["status"])
    values["error"] = CodeError(**values["error"]) if values["error"] else None
    values["failure"] = Failure(FailureCause(cause), message, memory_lost) if cause else None
    return ExecutionRecord(**values)
