"""A caller that leaves an execution cancels it, if it asked for that: use cases without gRPC.

Sessions and the journal are stand-ins here; tests/integration/docker/test_executions.py has the
real ones.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cellblock.v1 import execution_pb2 as pb
from cellblock_server.app.draining import Draining
from cellblock_server.app.executions import ExecutionUseCases
from cellblock_server.common.clock import utc_now
from cellblock_server.common.errors import UnavailableError, WrongStateError
from cellblock_server.executions.request import ExecutionLimits, NewExecution
from cellblock_server.store.records import ExecutionRecord
from cellblock_server.tenants.execution_quota import ExecutionQuota
from cellblock_server.tenants.quotas import QuotaTable
from tests.support.quotas import QUOTAS
from tests.support.records import session_record

LIMITS = ExecutionLimits(timedelta(seconds=1), timedelta(seconds=1), 100)
NEW = NewExecution("1", "call_1")
ABSENT: Any = None


class Unlimited:
    """Quotas that allow everything."""

    def check(self, _tenant: str) -> None:
        """Allow it."""

    async def check_roughly(self, _tenant: str, _bytes: int) -> None:
        """Allow it."""


class Ground:
    """One session, whose executions show one event and then wait for the last one."""

    def __init__(self) -> None:
        self.stored: dict[str, ExecutionRecord] = {}
        self.cancelled: list[str] = []
        self.may_end = asyncio.Event()
        self.session = session_record()
        self.has_ended = False
        ground: Any = self
        unlimited: Any = Unlimited()
        self.executions = ExecutionUseCases(
            ground,
            ground,
            ground,
            unlimited,
            ExecutionQuota(lambda _tenant: 0, QuotaTable(QUOTAS)),
            unlimited,
            LIMITS,
            ABSENT,
            utc_now,
        )

    async def find_execution(self, tenant: str, execution_id: str) -> ExecutionRecord | None:
        """As `ExecutionStore.find_execution`."""
        record = self.stored.get(execution_id)
        return record if record is not None and record.tenant == tenant else None

    async def live(self, _tenant: str, _session_id: str) -> Any:
        """As `SessionManager.live`."""
        if self.has_ended:
            raise WrongStateError("SESSION_EXPIRED", "ended")
        return self

    @property
    def record(self) -> Any:
        """As that of `LiveSession`."""
        return self.session

    @property
    def runner(self) -> Any:
        """As that of `LiveSession`."""
        return self

    async def submit(self, record: ExecutionRecord, _place: object) -> ExecutionRecord:
        """As `SessionRunner.submit`."""
        self.stored[record.id] = record
        return record

    async def cancel(self, execution_id: str) -> None:
        """As `SessionRunner.cancel`."""
        self.cancelled.append(execution_id)

    async def watch(
        self, _record: ExecutionRecord, _from_sequence: int
    ) -> AsyncIterator[list[pb.ExecutionEvent]]:
        """As `Journal.watch`."""
        yield [pb.ExecutionEvent(sequence=1, queued=pb.Queued())]
        await self.may_end.wait()
        yield [pb.ExecutionEvent(sequence=2, completed=pb.Completed())]

    def run(self, *, cancel: bool, new: NewExecution = NEW) -> Any:
        """Run code in the session."""
        return self.executions.run("t", "sess_1", new, cancel_on_disconnect=cancel)


@pytest.fixture
def ground() -> Ground:
    return Ground()


@pytest.mark.parametrize("cancel", [True, False])
async def test_one_that_leaves_between_events(ground: Ground, cancel: bool) -> None:
    async with aclosing(ground.run(cancel=cancel)) as events:
        await anext(events)
    assert ground.cancelled == (["call_1"] if cancel else [])


@pytest.mark.parametrize("cancel", [True, False])
async def test_one_that_leaves_while_code_runs(ground: Ground, cancel: bool) -> None:
    async with aclosing(ground.run(cancel=cancel)) as events:
        await anext(events)
        waiting = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait({waiting})
    assert ground.cancelled == (["call_1"] if cancel else [])


async def test_one_that_stays_cancels_nothing(ground: Ground) -> None:
    ground.may_end.set()
    assert len([events async for events in ground.run(cancel=True)]) == 2
    assert ground.cancelled == []


async def test_a_server_that_stops_cancels_nothing(ground: Ground) -> None:
    draining = Draining()
    with draining.open_call() as call:
        async with aclosing(ground.run(cancel=True)) as events:
            with call.working():
                await anext(events)
                call.is_resumable = True
            draining.begin()
            with pytest.raises(UnavailableError), call.working():
                await anext(events)
    assert ground.cancelled == []


async def test_a_request_sent_again_finds_its_execution_in_a_session_that_has_ended(
    ground: Ground,
) -> None:
    async with aclosing(ground.run(cancel=False)) as events:
        await anext(events)
    ground.has_ended = True
    async with aclosing(ground.run(cancel=False)) as events:
        assert (await anext(events))[0].sequence == 1
    with pytest.raises(WrongStateError):
        await anext(ground.run(cancel=False, new=replace(NEW, execution_id="call_2")))
