"""The pool starts its sandboxes one after the other, without pauses, and ends all of them."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

import grpc
import pytest

from cellblock_server.agent.errors import translated_errors
from cellblock_server.agent.timings import AgentTimings
from cellblock_server.backends.backend import Backend
from cellblock_server.backends.sandbox import SandboxSpec
from cellblock_server.common.supervisor import RestartPauses, Supervisor
from cellblock_server.config import Settings
from cellblock_server.sessions.limits import sandbox_spec
from cellblock_server.sessions.pool import Pool, PoolBounds, PoolTarget, PoolTimings
from cellblock_server.sessions.ready import ReadySandbox
from cellblock_server.sessions.request import NewSession
from tests.support.waiting import eventually

SIZE = 4


@dataclass
class Closing:
    async def close(self) -> None: ...


class NothingToEnd:
    async def destroy(self, sandbox_id: str) -> None: ...


def waiting(spec: SandboxSpec) -> ReadySandbox:
    return ReadySandbox(spec, "", cast(Any, None), cast(Any, Closing()))


async def test_next_start_does_not_wait_for_a_check(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []

    async def start(
        backend: Backend, spec: SandboxSpec, token: str, timeout: timedelta, timings: AgentTimings
    ) -> ReadySandbox:
        await asyncio.sleep(0)
        started.append(spec.id)
        return waiting(spec)

    monkeypatch.setattr(ReadySandbox, "start", start)
    # Long enough that a start which waited for a check would not happen.
    timings = PoolTimings(check=3600.0)
    example = sandbox_spec(NewSession(), Settings(), sandbox_id="")
    bounds = PoolBounds(SIZE, 1, timedelta(hours=1), timedelta(seconds=60))
    pool = Pool(
        cast(Backend, NothingToEnd()),
        [PoolTarget(example, SIZE)],
        bounds,
        Supervisor(),
        timings=timings,
    )
    may_begin = asyncio.Event()
    may_begin.set()
    async with pool.kept_filled(may_begin):
        await eventually(lambda: len(started) == SIZE, 5)


async def test_failed_removal_is_repeated() -> None:
    asked: list[str] = []

    class Stumbling:
        async def destroy(self, sandbox_id: str) -> None:
            asked.append(sandbox_id)
            if len(asked) == 1:
                raise RuntimeError("whatever it is")

    timings = PoolTimings(check=0.01)
    example = sandbox_spec(NewSession(), Settings(), sandbox_id="sbx_1")
    bounds = PoolBounds(0, 1, timedelta(hours=1), timedelta(seconds=60))
    pool = Pool(
        cast(Backend, Stumbling()), [PoolTarget(example, 0)], bounds, Supervisor(), timings=timings
    )
    async with pool.kept_filled(asyncio.Event()):
        pool._discard(waiting(example))
        await eventually(lambda: len(asked) == 2, 5)
    assert asked == ["sbx_1"] * 2


class Agents:
    """Agents of pooled sandboxes, behind real channels; each responds only after it is closed."""

    def __init__(self) -> None:
        self.asked = 0

    def waiting(self, spec: SandboxSpec) -> ReadySandbox:
        agents, channel = self, grpc.aio.insecure_channel("unix:/nonexistent")

        class Agent:
            async def status(self) -> None:
                agents.asked += 1
                with translated_errors():
                    call: Any = channel.unary_unary("/test.Agent/GetStatus")
                    await asyncio.wait_for(call(b"", wait_for_ready=True), 60)

            async def close(self) -> None:
                await channel.close()

        return ReadySandbox(spec, "", cast(Any, None), cast(Any, Agent()))


async def test_checks_survive_a_shrinking_pool(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    agents = Agents()

    async def start(
        backend: Backend, spec: SandboxSpec, token: str, timeout: timedelta, timings: AgentTimings
    ) -> ReadySandbox:
        return agents.waiting(spec)

    monkeypatch.setattr(ReadySandbox, "start", start)
    example = sandbox_spec(NewSession(), Settings(), sandbox_id="")
    bounds = PoolBounds(SIZE, SIZE, timedelta(hours=1), timedelta(seconds=60))
    supervisor = Supervisor()
    timings = PoolTimings(check=0.01, demand=0.2, answer=60)
    pool = Pool(
        cast(Backend, NothingToEnd()), [PoolTarget(example, 0)], bounds, supervisor, timings=timings
    )
    may_begin = asyncio.Event()
    may_begin.set()
    async with pool.kept_filled(may_begin):
        for _ in range(SIZE):
            await pool.take_sandbox(example)
        await eventually(lambda: pool.status().waiting == SIZE)
        # A check waits for the first agent while all sandboxes are surplus.
        await eventually(lambda: agents.asked > 0 and pool.status().waiting == 0)
        # The pool is filled again on demand.
        await pool.take_sandbox(example)
        await eventually(lambda: pool.status().waiting == 1)
        assert [status for status in supervisor.statuses() if status.failures] == []


async def test_old_sandboxes_are_replaced_one_after_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fewest = SIZE

    async def start(
        backend: Backend, spec: SandboxSpec, token: str, timeout: timedelta, timings: AgentTimings
    ) -> ReadySandbox:
        nonlocal fewest
        await asyncio.sleep(0.01)
        fewest = min(fewest, pool.status().waiting) if len(started) >= SIZE else fewest
        started.append(spec.id)
        return waiting(spec)

    started: list[str] = []
    monkeypatch.setattr(ReadySandbox, "start", start)
    example = sandbox_spec(NewSession(), Settings(), sandbox_id="")
    # All sandboxes are too old at each check, and the pool has no space for more.
    bounds = PoolBounds(SIZE, SIZE, timedelta(seconds=0.05), timedelta(seconds=60))
    backend, targets = cast(Backend, NothingToEnd()), [PoolTarget(example, 2 * SIZE)]
    pool = Pool(backend, targets, bounds, Supervisor(), timings=PoolTimings(check=0.01))
    may_begin = asyncio.Event()
    may_begin.set()
    async with pool.kept_filled(may_begin):
        await eventually(lambda: len(started) >= 4 * SIZE)
    assert fewest == SIZE - 1


async def test_failure_in_the_pool_restarts_it_and_keeps_its_sandboxes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def start(
        backend: Backend, spec: SandboxSpec, token: str, timeout: timedelta, timings: AgentTimings
    ) -> ReadySandbox:
        return waiting(spec)

    def fail_once(pool: Pool, ready: ReadySandbox) -> bool:
        if not failed:
            failed.append(ready.spec.id)
            raise LookupError("a bug")
        return True

    failed: list[str] = []

    async def is_well(pool: Pool, ready: ReadySandbox) -> bool:
        return fail_once(pool, ready)

    monkeypatch.setattr(ReadySandbox, "start", start)
    monkeypatch.setattr(Pool, "_is_well", is_well)
    example = sandbox_spec(NewSession(), Settings(), sandbox_id="")
    bounds = PoolBounds(SIZE, SIZE, timedelta(hours=1), timedelta(seconds=60))
    supervisor = Supervisor(pauses=RestartPauses(first=0.001))
    backend, targets = cast(Backend, NothingToEnd()), [PoolTarget(example, SIZE)]
    pool = Pool(backend, targets, bounds, supervisor, timings=PoolTimings(check=0.01))
    may_begin = asyncio.Event()
    may_begin.set()
    async with pool.kept_filled(may_begin):
        await eventually(lambda: bool(supervisor.failing()))
        assert pool.status().waiting == SIZE
        assert await pool.take_sandbox(example) is not None
        await eventually(lambda: pool.status().waiting == SIZE)
