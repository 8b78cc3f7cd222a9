"""Run steps in the database."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    bindparam,
    exists,
    func,
    insert,
    select,
    update,
)

from cellblock_server.common.errors import AlreadyExistsError, NotFoundError, WrongStateError
from cellblock_server.store import paging
from cellblock_server.store.database import Database
from cellblock_server.store.executions import UNFINISHED, execution_record
from cellblock_server.store.prepared import Prepared
from cellblock_server.store.records import ExecutionRecord, RunStepRecord, StepFilter, StepPage
from cellblock_server.store.sessions import ALIVE
from cellblock_server.store.tables import executions, run_steps, sessions

THIS = run_steps.c.tenant == bindparam("this_tenant"), run_steps.c.id == bindparam("this_id")
FIND, UPDATE = select(run_steps).where(*THIS), update(run_steps).where(*THIS)
INSERT = Prepared(insert(run_steps))


class RunStepStore:
    """Reads `RunStepRecord`s. They are made with executions: see `place_step`."""

    def __init__(self, database: Database) -> None:
        """Read from `database`."""
        self._database = database

    async def find_step(self, tenant: str, step_id: str) -> RunStepRecord | None:
        """Return a run step by id."""
        row = await self._database.row(FIND, this_tenant=tenant, this_id=step_id)
        return None if row is None else _record(row)

    async def calls(self, step: RunStepRecord) -> list[ExecutionRecord]:
        """Return a run step's tool calls, in order."""
        query = (
            select(executions)
            .where(executions.c.tenant == step.tenant, executions.c.step_id == step.id)
            .order_by(executions.c.ordinal)
        )
        return [execution_record(row) for row in await self._database.rows(query)]

    async def is_open(self, step: RunStepRecord) -> bool:
        """Whether more tool calls may come."""
        return await self._database.read(lambda connection: _is_open(connection, step))

    async def list(self, tenant: str, wanted: StepFilter) -> StepPage:
        """Return a page of run steps. Raises NotFoundError for an unknown cursor."""
        query = select(run_steps).where(run_steps.c.tenant == tenant)
        for column, value in (
            (run_steps.c.session_id, wanted.session_id),
            (run_steps.c.thread_id, wanted.thread_id),
            (run_steps.c.run_id, wanted.run_id),
        ):
            if value:
                query = query.where(column == value)
        ascending = wanted.oldest_first
        for field, name in (("after", wanted.after), ("before", wanted.before)):
            if name:
                cursor = await self.find_step(tenant, name)
                if cursor is None:
                    raise NotFoundError("run_step", name)
                newer = ascending == (field == "after")
                query = query.where(_beyond(cursor, newer=newer))
        # Rows before a cursor are read backwards from it.
        backwards = bool(wanted.before) and not wanted.after
        oldest_first = ascending != backwards
        keys: Sequence[ColumnElement[Any]] = (run_steps.c.create_time, run_steps.c.id)
        order = keys if oldest_first else [key.desc() for key in keys]
        found = await self._database.rows(query.order_by(*order).limit(wanted.limit + 1))
        records = [_record(row) for row in found]
        page, more = records[: wanted.limit], len(records) > wanted.limit
        return StepPage(page[::-1] if backwards else page, more)


def place_step(
    connection: Connection, wanted: RunStepRecord, chosen: frozenset[str], *, is_new: bool
) -> RunStepRecord:
    """Return a new execution's run step, created if missing, as part of a transaction.

    `is_new` says that it can't exist yet. `chosen` are the fields that the caller gave. Raises
    AlreadyExistsError if they differ from those of the existing run step, WrongStateError if that
    has ended.
    """
    named = {"this_tenant": wanted.tenant, "this_id": wanted.id}
    row = None if is_new else connection.execute(FIND, named).one_or_none()
    if row is None:
        INSERT.execute(connection, vars(wanted))
        return wanted
    known = _record(row)
    differences = [
        name
        for name in ("session_id", *sorted(chosen))
        if getattr(known, name) != getattr(wanted, name)
    ]
    if differences:
        raise AlreadyExistsError(
            "run_step", wanted.id, f"exists already with another {differences[-1]}"
        )
    unfinished = select(func.count()).where(
        executions.c.tenant == known.tenant,
        executions.c.step_id == known.id,
        executions.c.status.in_(UNFINISHED),
    )
    if not _is_open(connection, known) and not connection.execute(unfinished).scalar_one():
        raise WrongStateError("RUN_STEP_ENDED", f"run step {known.id!r} has ended")
    connection.execute(UPDATE, {**named, "more_calls": wanted.more_calls})
    return replace(known, more_calls=wanted.more_calls)


def _is_open(connection: Connection, step: RunStepRecord) -> bool:
    if not step.more_calls:
        return False
    later = select(run_steps.c.id).where(
        run_steps.c.tenant == step.tenant,
        run_steps.c.session_id == step.session_id,
        _beyond(step, newer=True),
    )
    query = select(sessions.c.id).where(
        sessions.c.tenant == step.tenant,
        sessions.c.id == step.session_id,
        sessions.c.state.in_(ALIVE),
        ~exists(later),
    )
    return connection.execute(query).one_or_none() is not None


def _beyond(cursor: RunStepRecord, *, newer: bool) -> ColumnElement[bool]:
    condition = paging.newer_than if newer else paging.older_than
    return condition(run_steps.c.create_time, run_steps.c.id, (cursor.create_time, cursor.id))


def _record(row: Row[Any]) -> RunStepRecord:
    return RunStepRecord(**dict(row._mapping))  # noqa: SLF001 - SQLAlchemy's documented accessor
