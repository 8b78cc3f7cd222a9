"""A session that can't be taken over for the moment does not keep the others from it."""

import asyncio
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from cellblock_server.backends.sandbox import Sandbox
from cellblock_server.common.errors import UnavailableError
from cellblock_server.sessions.reconciler import Reconciler
from cellblock_server.store.records import SessionRecord, SessionState
from tests.support.records import session_record


class Host:
    """Sessions in a store, whose sandboxes run; each may be out of reach."""

    def __init__(self, *names: str) -> None:
        self.records = [
            replace(session_record(), id=name, sandbox_id=f"sbx_{name}", state=SessionState.READY)
            for name in names
        ]
        self.unreachable: set[str] = set()
        self.adopted: list[str] = []
        self.reaps = 0
        self.destroyed: list[str] = []
        self.reconciler = Reconciler(
            SimpleNamespace(backend=self, adopt=self.adopt),  # type: ignore[arg-type]
            self,  # type: ignore[arg-type]
            lambda: {(record.tenant, record.id) for record in self.records} - self.lost(),
            self.adopted.append,  # type: ignore[arg-type]
        )

    def lost(self) -> set[tuple[str, str]]:
        return {(r.tenant, r.id) for r in self.records if r.id not in self.adopted}

    async def list(self) -> list[Sandbox]:
        return [Sandbox(record.sandbox_id) for record in self.records]

    async def alive(self) -> Any:
        return self.records

    async def find_session(self, _tenant: str, session_id: str) -> SessionRecord:
        return next(record for record in self.records if record.id == session_id)

    async def adopt(self, record: SessionRecord, _sandbox: Sandbox) -> str:
        if record.id in self.unreachable:
            raise UnavailableError("SANDBOX_START_FAILED", "can't be reached now")
        # Still under way when another fails.
        await asyncio.sleep(0.01)
        return record.id

    async def reap(self) -> None:
        self.reaps += 1

    async def destroy(self, sandbox_id: str) -> None:
        self.destroyed.append(sandbox_id)


async def test_unreachable_sandbox_does_not_stop_the_takeover_of_others() -> None:
    host = Host("a", "b", "c")
    host.unreachable = {"a"}
    with pytest.raises(ExceptionGroup) as raised:
        await host.reconciler.take_over()
    assert [type(error) for error in raised.value.exceptions] == [UnavailableError]
    assert host.adopted == ["b", "c"]


async def test_nothing_is_removed_while_a_session_waits_for_its_takeover() -> None:
    host = Host("a", "b")
    host.unreachable = {"a"}
    with pytest.raises(ExceptionGroup):
        await host.reconciler.take_over()
    assert (host.destroyed, host.reaps) == ([], 0)


async def test_unreachable_sandbox_is_taken_over_later() -> None:
    host = Host("a", "b")
    host.unreachable = {"a"}
    with pytest.raises(ExceptionGroup):
        await host.reconciler.take_over()
    host.unreachable = set()
    host.records = [record for record in host.records if record.id == "a"]
    await host.reconciler.take_over()
    assert host.adopted == ["b", "a"]
    assert (host.destroyed, host.reaps) == ([], 1)
