"""Errors of failed statements, which get into the log, don't contain the statement's values."""

import traceback
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from cellblock_server.common.errors import UnavailableError
from cellblock_server.store.database import Database
from cellblock_server.store.executions import insert_execution
from tests.support.databases import store_url
from tests.support.records import execution_record

SECRET = "sesame"


async def test_failed_statement_does_not_show_its_values(tmp_path: Path) -> None:
    database = Database(store_url(tmp_path / "store.db"))
    await database.start()
    execution = replace(execution_record("call_1", 1), environment={"A": SECRET})
    try:
        await database.execute(text("ALTER TABLE executions RENAME TO others"))
        with pytest.raises(UnavailableError) as caught:
            await database.write(lambda connection: insert_execution(connection, execution))
    finally:
        await database.close()
    shown = "".join(traceback.format_exception(caught.value))
    assert "executions" in str(caught.value)
    assert SECRET not in shown
