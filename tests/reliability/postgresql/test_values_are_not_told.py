"""PostgreSQL's message for a refused row contains the row: it is never logged or returned."""

import traceback
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from sqlalchemy.exc import IntegrityError

from cellblock_server.store.database import Database
from cellblock_server.store.executions import insert_execution
from cellblock_server.store.sessions import SessionStore
from tests.support.postgresql import Cluster
from tests.support.records import execution_record, session_record

SECRET = "sesame"


async def test_a_refused_row_is_not_logged_or_returned(
    cluster: Cluster, name: str, opened: Callable[..., Awaitable[Database]]
) -> None:
    database = await opened(cluster.url(name))
    await SessionStore(database).insert(session_record())
    execution = replace(
        execution_record("call_1", 1),
        environment={"A": SECRET},
        environment_hash=None,  # type: ignore[arg-type]
    )
    with pytest.raises(IntegrityError) as caught:
        await database.write(lambda connection: insert_execution(connection, execution))
    shown = "".join(traceback.format_exception(caught.value))
    assert "environment_hash" in shown
    assert SECRET not in shown
