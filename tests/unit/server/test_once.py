"""Concurrent copies of one request: one execution is stored, and every caller finds it."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cellblock_server.app.executions import ExecutionUseCases
from cellblock_server.common.clock import utc_now
from cellblock_server.executions.request import ExecutionLimits, NewExecution
from cellblock_server.journal.journal import Journal
from cellblock_server.store.cpu import CpuStore
from cellblock_server.store.database import Database
from cellblock_server.store.executions import ExecutionStore
from cellblock_server.store.records import ExecutionRecord
from cellblock_server.store.sessions import SessionStore
from cellblock_server.store.usage import Usage
from cellblock_server.tenants.cpu_quota import CpuQuota
from cellblock_server.tenants.execution_quota import ExecutionQuota
from cellblock_server.tenants.quotas import QuotaTable
from tests.support.databases import store_url
from tests.support.quotas import QUOTAS
from tests.support.records import PLACE, execution_record, session_record

pytestmark = pytest.mark.each_store

ABSENT: Any = None
ROUNDS = 30
SECOND = timedelta(seconds=1)


async def test_concurrent_lookups_of_a_request_never_fail(tmp_path: Path) -> None:
    database = Database(store_url(tmp_path / "store.db"))
    await database.start()
    try:
        await SessionStore(database).insert(session_record())
        store = ExecutionStore(database)
        journal = Journal(database, store, utc_now, utc_now)
        limits = ExecutionLimits(SECOND, SECOND, 10)
        quotas = QuotaTable(QUOTAS)
        executions = ExecutionUseCases(
            store,
            journal,
            ABSENT,
            Usage(database, quotas.stored_bytes),
            ExecutionQuota(lambda _tenant: 0, quotas),
            CpuQuota(CpuStore(database), quotas, SECOND, utc_now),
            limits,
            ABSENT,
            utc_now,
        )

        async def accept(record: ExecutionRecord) -> None:
            async with journal.transaction() as change:
                change.executions.accept(record, replace(PLACE, is_new=False))

        for ordinal in range(1, ROUNDS):
            record = execution_record(f"call_{ordinal}", ordinal)
            new = NewExecution(record.code, record.id)
            found = await asyncio.gather(
                *(executions.find_resent("t", "sess_1", new) for _ in range(4)),
                accept(record),
                *(executions.find_resent("t", "sess_1", new) for _ in range(4)),
            )
            assert {item.id for item in found if item is not None} <= {record.id}
        assert await executions.find_resent("other", "sess_1", NewExecution("1", "call_1")) is None
    finally:
        await database.close()
