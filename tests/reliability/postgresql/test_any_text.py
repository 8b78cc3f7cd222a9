"""Text with NUL and long text are stored by PostgreSQL as by SQLite."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from cellblock_server.store.database import Database
from cellblock_server.store.executions import ExecutionStore, insert_execution
from cellblock_server.store.records import CodeError
from cellblock_server.store.sessions import SessionStore
from tests.support.postgresql import Cluster
from tests.support.records import execution_record, session_record


@pytest.mark.parametrize(
    "code",
    ["\0", "a\0b\x1ac", "\x1a0", "\x1a1\x1a\0", "\\0 %s %(a)s 'x'", "é" * 1000, ""],
    ids=repr,
)
async def test_any_text_is_read_back_unchanged(
    cluster: Cluster, name: str, opened: Callable[..., Awaitable[Database]], code: str
) -> None:
    database = await opened(cluster.url(name))
    await SessionStore(database).insert(session_record())
    execution = replace(
        execution_record("call_1", 1),
        code=code,
        error=CodeError("Error", code, [code]),
        # Longer than the columns that the tables' declaration has.
        step_id=f"step_{code}" + "x" * 100,
    )
    await database.write(lambda connection: insert_execution(connection, execution))
    found = await ExecutionStore(database).find_execution(execution.tenant, execution.id)
    assert found is not None
    assert (found.code, found.error, found.step_id) == (code, execution.error, execution.step_id)


async def test_any_text_can_be_searched_for(
    cluster: Cluster, name: str, opened: Callable[..., Awaitable[Database]]
) -> None:
    database = await opened(cluster.url(name))
    assert await SessionStore(database).find_session("t", "sess_\0") is None
