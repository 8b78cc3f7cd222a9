"""Failures that PostgreSQL itself reports, and the errors that callers get for them."""

from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import text

from cellblock_server.common.errors import UnavailableError
from cellblock_server.store.database import Database
from tests.support.postgresql import Cluster

Opened = Callable[..., Awaitable[Database]]


def failing(code: str) -> str:
    """Return a statement that fails with a code. Source: PostgreSQL's appendix "Error Codes"."""
    return f"DO $$ BEGIN RAISE EXCEPTION 'it fails' USING ERRCODE = '{code}'; END $$"


@pytest.mark.parametrize(
    ("code", "reason"),
    [("53100", "STORE_FULL"), ("40001", "STORE_FAILED"), ("40P01", "STORE_FAILED")],
    ids=["disk full", "serialization failure", "deadlock"],
)
async def test_a_transient_failure_is_reported_and_the_next_write_works(
    cluster: Cluster, name: str, opened: Opened, code: str, reason: str
) -> None:
    database = await opened(cluster.url(name))
    with pytest.raises(UnavailableError, match="it fails") as caught:
        await database.execute(text(failing(code)))
    assert caught.value.reason == reason
    await database.check()


async def test_after_damage_nothing_is_written(cluster: Cluster, name: str, opened: Opened) -> None:
    database = await opened(cluster.url(name))
    for statement in (failing("XX001"), "SELECT 1"):
        with pytest.raises(UnavailableError, match="stop the server, restore") as caught:
            await database.execute(text(statement))
        assert caught.value.reason == "STORE_DAMAGED"
