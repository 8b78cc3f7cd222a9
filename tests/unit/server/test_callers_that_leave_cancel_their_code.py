"""A caller that disconnects cancels its execution if it asked for that, tested without gRPC.

Sessions and the journal are fakes here; tests/integration/docker/test_executions.py has the real
ones.
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
from cellblock_server.common.errors import OutOfRangeError, UnavailableError, WrongStateError
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


class FakeSession:
    """One session whose executions emit one event and then wait for the last one."""

    def __init__(self) -> None:
        self.stored: dict[str, ExecutionRecord] = {}
        self.cancelled: list[str] = []
        self.may_end = asyncio.Event()
        self.may_accept = asyncio.Event()
        self.may_accept.set()
        self.is_stored = asyncio.Event()
        self.session = session_record()
        self.has_ended = False
        fake_session: Any = self
        unlimited: Any = Unlimited()
        self.executions = ExecutionUseCases(
            fake_session,
            fake_session,
            fake_session,
            unlimited,
            ExecutionQuota(lambda _tenant: 0, QuotaTable(QUOTAS)),
            unlimited,
            LIMITS,
            ABSENT,
            utc_now,
        )

    async def find_execution(self, tenant: str, execution_id: str) -> ExecutionRecord | None:
        """Do the same as `ExecutionStore.find_execution`."""
        record = self.stored.get(execution_id)
        return record if record is not None and record.tenant == tenant else None

    async def live(self, _tenant: str, _session_id: str) -> Any:
        """Do the same as `SessionManager.live`."""
        if self.has_ended:
            raise WrongStateError("SESSION_EXPIRED", "ended")
        return self

    @property
    def record(self) -> Any:
        """Return the record of the session."""
        return self.session

    @property
    def runner(self) -> Any:
        """Return this object as the runner of the session."""
        return self

    async def submit(self, record: ExecutionRecord, _place: object) -> ExecutionRecord:
        """Do the same as `SessionRunner.submit`."""
        self.stored[record.id] = record
        self.is_stored.set()
        await self.may_accept.wait()
        return record

    async def receive(self, record: ExecutionRecord, place: object) -> ExecutionRecord:
        """Do the same as `SessionRunner.receive`."""
        return await self.submit(record, place)

    async def receive_code(self, execution_id: str, code: str) -> ExecutionRecord:
        """Do the same as `SessionRunner.receive_code`."""
        record = self.stored[execution_id]
        self.stored[execution_id] = replace(record, code=record.code + code)
        return self.stored[execution_id]

    async def cancel(self, execution_id: str) -> None:
        """Do the same as `SessionRunner.cancel`."""
        self.cancelled.append(execution_id)

    async def watch(
        self, _record: ExecutionRecord, _from_sequence: int
    ) -> AsyncIterator[list[pb.ExecutionEvent]]:
        """Do the same as `Journal.watch`."""
        yield [pb.ExecutionEvent(sequence=1, queued=pb.Queued())]
        await self.may_end.wait()
        yield [pb.ExecutionEvent(sequence=2, completed=pb.Completed())]

    def run(self, *, cancel: bool, new: NewExecution = NEW) -> Any:
        """Run code in the session."""
        return self.executions.run("t", "sess_1", new, cancel_on_disconnect=cancel)


@pytest.fixture
def fake_session() -> FakeSession:
    return FakeSession()


@pytest.mark.parametrize("cancel", [True, False])
async def test_disconnect_between_events_cancels_if_requested(
    fake_session: FakeSession, cancel: bool
) -> None:
    async with aclosing(fake_session.run(cancel=cancel)) as events:
        await anext(events)
    assert fake_session.cancelled == (["call_1"] if cancel else [])


@pytest.mark.parametrize("cancel", [True, False])
async def test_disconnect_while_code_runs_cancels_if_requested(
    fake_session: FakeSession, cancel: bool
) -> None:
    async with aclosing(fake_session.run(cancel=cancel)) as events:
        await anext(events)
        waiting = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait({waiting})
    assert fake_session.cancelled == (["call_1"] if cancel else [])


async def test_caller_that_stays_cancels_nothing(fake_session: FakeSession) -> None:
    fake_session.may_end.set()
    assert len([events async for events in fake_session.run(cancel=True)]) == 2
    assert fake_session.cancelled == []


async def test_stopping_server_cancels_nothing(fake_session: FakeSession) -> None:
    draining = Draining()
    with draining.open_call() as call:
        async with aclosing(fake_session.run(cancel=True)) as events:
            with call.working():
                await anext(events)
                call.is_resumable = True
            draining.begin()
            with pytest.raises(UnavailableError), call.working():
                await anext(events)
    assert fake_session.cancelled == []


async def test_repeated_request_finds_its_execution_after_the_session_ended(
    fake_session: FakeSession,
) -> None:
    async with aclosing(fake_session.run(cancel=False)) as events:
        await anext(events)
    fake_session.has_ended = True
    async with aclosing(fake_session.run(cancel=False)) as events:
        assert (await anext(events))[0].sequence == 1
    with pytest.raises(WrongStateError):
        await anext(fake_session.run(cancel=False, new=replace(NEW, execution_id="call_2")))


@pytest.mark.parametrize("new", [NEW, NewExecution("1")])
@pytest.mark.parametrize("cancel", [True, False])
async def test_caller_that_leaves_while_its_execution_is_stored(
    fake_session: FakeSession, cancel: bool, new: NewExecution
) -> None:
    fake_session.may_accept.clear()
    call = asyncio.ensure_future(anext(fake_session.run(cancel=cancel, new=new)))
    await fake_session.is_stored.wait()
    call.cancel()
    await asyncio.wait({call})
    assert fake_session.cancelled == (list(fake_session.stored) if cancel else [])


async def test_caller_that_leaves_before_its_execution_is_stored(fake_session: FakeSession) -> None:
    call = asyncio.ensure_future(anext(fake_session.run(cancel=True)))
    call.cancel()
    await asyncio.wait({call})
    assert call.cancelled()
    assert fake_session.cancelled == []


async def test_server_that_stops_while_code_is_accepted_cancels_nothing(
    fake_session: FakeSession,
) -> None:
    draining = Draining()
    with draining.open_call():
        events = fake_session.run(cancel=True)
        async with aclosing(events):
            await anext(events)
            draining.begin()
            with pytest.raises(UnavailableError):
                await anext(events)
    assert fake_session.cancelled == []


async def test_repeated_code_is_bounded(fake_session: FakeSession) -> None:
    async with aclosing(fake_session.run(cancel=False)) as events:
        await anext(events)
    sent = 0

    async def pieces() -> AsyncIterator[str]:
        nonlocal sent
        while True:
            sent += 1
            yield "0" * 10

    again = fake_session.executions.run_pieces(
        "t", "sess_1", replace(NEW, code=""), pieces(), cancel_on_disconnect=False
    )
    with pytest.raises(OutOfRangeError, match="must be at most 100 bytes, got 110"):
        await anext(again)
    assert sent == 11
