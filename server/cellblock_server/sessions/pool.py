"""Pool of sandboxes that are started in advance, so that a session need not wait for one.

Each sandbox is removed from its shelf for one session, and never returns.
"""

import asyncio
import math
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from secrets import token_urlsafe

import structlog

from cellblock_server.agent.timings import AgentTimings
from cellblock_server.backends.backend import Backend
from cellblock_server.backends.sandbox import SandboxLimits, SandboxSpec
from cellblock_server.common.errors import CellblockError
from cellblock_server.common.ids import new_id
from cellblock_server.common.supervisor import Supervisor
from cellblock_server.sessions.ready import ReadySandbox
from cellblock_server.telemetry.metrics import Metrics

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class PoolTimings:
    """Times of the pool, in seconds."""

    refill: float = 0.2
    """Delay of the next start after a session took a sandbox: its code gets the machine first."""
    check: float = 10.0
    """Pause between two checks of the waiting sandboxes."""
    answer: float = 2.0
    """Timeout of a waiting sandbox's agent."""
    demand: float = 60.0
    """Period whose number of requests determines how many are kept ready, within bounds."""
    first_pause: float = 1.0
    """Pause after a failed start; it doubles with each failure."""
    longest_pause: float = 60.0


@dataclass(frozen=True)
class Profile:
    """Properties fixed at a sandbox's creation; its other limits can change while it runs."""

    image: str
    runtime: str
    has_egress: bool
    fixed_limits: SandboxLimits

    @classmethod
    def of(cls, spec: SandboxSpec) -> "Profile":
        """Return the profile of a sandbox."""
        fixed = replace(spec.limits, memory_bytes=0, cpus=0, pids=0)
        return cls(spec.image, spec.runtime, spec.has_egress, fixed)


@dataclass(frozen=True)
class PoolTarget:
    """Sandboxes of one profile that the operator wants to have ready."""

    example: SandboxSpec
    """Specification of all of them; its id is ignored."""
    size: int
    """Minimum number that is kept ready."""


@dataclass(frozen=True)
class PoolBounds:
    """Limits of the pool."""

    max_waiting: int
    """Maximum number of waiting sandboxes of all profiles together."""
    parallelism: int
    """Maximum number of starts at the same time."""
    max_age: timedelta
    """Age at which a waiting sandbox is replaced."""
    start_timeout: timedelta
    longest_deferral: timedelta = timedelta(seconds=5)
    """Longest time for which starts that callers wait for delay the pool's next start."""


@dataclass(frozen=True)
class PoolStatus:
    """State of the pool, of all profiles together."""

    waiting: int
    starting: int
    wanted: int
    """Number of sandboxes that should wait, within the limits."""
    left_behind: int
    """Number of sandboxes that could not be removed yet."""


class _Shelf:
    """Waiting sandboxes of one profile."""

    def __init__(self, target: PoolTarget, most: int, demand_seconds: float) -> None:
        self.example = target.example
        self._demand_seconds = demand_seconds
        self._least = target.size
        self.waiting: deque[tuple[float, ReadySandbox]] = deque()
        """Sandboxes, oldest first, with the monotonic time since which each waits."""
        self.starting = 0
        self._demand: deque[float] = deque(maxlen=most)

    def asked(self) -> None:
        self._demand.append(time.monotonic())

    def wanted(self) -> int:
        since = time.monotonic() - self._demand_seconds
        while self._demand and self._demand[0] < since:
            self._demand.popleft()
        return max(self._least, len(self._demand))

    def has_surplus(self) -> bool:
        """Return whether more wait than are wanted."""
        return len(self.waiting) > self.wanted()

    def has_aged(self, max_age: timedelta) -> bool:
        """Return whether the oldest one has waited for longer than `max_age`."""
        oldest = time.monotonic() - max_age.total_seconds()
        return bool(self.waiting) and self.waiting[0][0] < oldest


class Pool:
    """Owner of the waiting sandboxes."""

    def __init__(
        self,
        backend: Backend,
        targets: Sequence[PoolTarget],
        bounds: PoolBounds,
        supervisor: Supervisor,
        metrics: Metrics | None = None,
        timings: PoolTimings | None = None,
        is_awaited: Callable[[], bool] = lambda: False,
        agent_timings: AgentTimings | None = None,
    ) -> None:
        """Keep `targets` ready while `kept_filled` runs; count in `metrics`.

        While `is_awaited` returns that a caller waits for a start, the pool's starts are postponed:
        they would only slow that one down.
        """
        self._is_awaited = is_awaited
        self._deferred_since: float | None = None
        self._metrics = metrics or Metrics()
        self._backend = backend
        self._bounds = bounds
        self._timings = timings or PoolTimings()
        self._agent_timings = agent_timings or AgentTimings()
        self._shelves = {
            Profile.of(target.example): _Shelf(target, bounds.max_waiting, self._timings.demand)
            for target in targets
        }
        self._changed = asyncio.Event()
        self._supervisor = supervisor
        self._starts = supervisor.task_set("pool_starts")
        self._removals = supervisor.task_set("pool_removals")
        self._pause = 0.0
        self._resume_at = -math.inf
        self._left_behind: set[str] = set()
        """Ids of sandboxes that could not be removed; removal is retried until it succeeds."""

    def reconsider(self) -> None:
        """Check what to start; called when no caller waits for a start any more."""
        self._changed.set()

    def status(self) -> PoolStatus:
        """Return the current state."""
        shelves = self._shelves.values()
        return PoolStatus(
            waiting=sum(len(shelf.waiting) for shelf in shelves),
            starting=sum(shelf.starting for shelf in shelves),
            wanted=min(sum(shelf.wanted() for shelf in shelves), self._bounds.max_waiting),
            left_behind=len(self._left_behind),
        )

    async def take_sandbox(self, spec: SandboxSpec) -> ReadySandbox | None:
        """Return a waiting, healthy sandbox with the limits of `spec`; None if there is none."""
        shelf = self._shelves.get(Profile.of(spec))
        if shelf is None:
            self._metrics.pool_takes.labels("other_kind").inc()
            return None
        ready = await self._take_from_shelf(shelf, spec)
        self._metrics.pool_takes.labels("miss" if ready is None else "hit").inc()
        return ready

    async def _take_from_shelf(self, shelf: _Shelf, spec: SandboxSpec) -> ReadySandbox | None:
        shelf.asked()
        asyncio.get_running_loop().call_later(self._timings.refill, self._changed.set)
        while shelf.waiting:
            # Removed from the shelf before the first await: no other session can get it.
            _since, ready = shelf.waiting.popleft()
            well = False
            try:
                well = await self._is_well(ready) and await self._set_limits(ready, spec.limits)
            finally:
                if not well:
                    self._discard(ready)
            if well:
                return replace(ready, spec=replace(ready.spec, limits=spec.limits))
        return None

    @asynccontextmanager
    async def kept_filled(self, after: asyncio.Event) -> AsyncIterator[None]:
        """Keep the shelves filled while the block runs, then end all waiting sandboxes.

        Starts after `after` is set: until then, a sandbox without a session is treated as orphaned.
        """
        async with AsyncExitStack() as stack:
            # Left last, so that what the other tasks discard is ended, too.
            stack.push_async_callback(self._removals.join)
            stack.callback(self._empty)
            stack.push_async_callback(self._starts.cancel)
            if self._shelves:
                supervise = self._supervisor.supervise
                fill = partial(self._keep_filled, after)
                await stack.enter_async_context(supervise("pool", fill))
                await stack.enter_async_context(supervise("pool_checks", self._keep_well))
            yield

    def _empty(self) -> None:
        for shelf in self._shelves.values():
            while shelf.waiting:
                self._discard(shelf.waiting.popleft()[1])

    async def _keep_filled(self, after: asyncio.Event) -> None:
        await after.wait()
        while True:
            self._changed.clear()
            for shelf in self._shelves.values():
                while shelf.has_surplus():
                    self._discard(shelf.waiting.popleft()[1])
                self._fill(shelf)
                # One at a time: the next one is replaced when the last replacement waits.
                if shelf.has_aged(self._bounds.max_age) and self._may_replace():
                    self._discard(shelf.waiting.popleft()[1])
                    # Its place is free, and no start is in progress.
                    if len(shelf.waiting) < shelf.wanted():
                        self._begin_start(shelf)
            try:
                async with asyncio.timeout(self._timings.check):
                    await self._changed.wait()
            except TimeoutError:
                continue

    def _fill(self, shelf: _Shelf) -> None:
        while len(shelf.waiting) + shelf.starting < shelf.wanted() and self._may_start():
            self._begin_start(shelf)

    @property
    def _starting(self) -> int:
        # Not `_starts`, which still has a start that has just ended when this is called.
        return sum(shelf.starting for shelf in self._shelves.values())

    def _may_start(self) -> bool:
        starting = self._starting
        there = starting + sum(len(shelf.waiting) for shelf in self._shelves.values())
        has_room = there < self._bounds.max_waiting and starting < self._bounds.parallelism
        return has_room and self._may_try() and not self._defers()

    def _may_replace(self) -> bool:
        return not self._starting and self._may_try() and not self._defers()

    def _may_try(self) -> bool:
        return time.monotonic() >= self._resume_at

    def _defers(self) -> bool:
        """Return whether the next start is postponed."""
        if not self._is_awaited():
            self._deferred_since = None
            return False
        limit = self._bounds.longest_deferral.total_seconds()
        now = time.monotonic()
        if self._deferred_since is None:
            self._deferred_since = now
            asyncio.get_running_loop().call_later(limit, self._changed.set)
        if now - self._deferred_since < limit:
            return True
        # One start, and then the callers that wait come first again.
        self._deferred_since = None
        return False

    def _begin_start(self, shelf: _Shelf) -> None:
        shelf.starting += 1
        self._starts.start(self._start(shelf))

    async def _start(self, shelf: _Shelf) -> None:
        spec = replace(shelf.example, id=new_id("sbx_"))
        try:
            ready = await ReadySandbox.start(
                self._backend,
                spec,
                token_urlsafe(32),
                self._bounds.start_timeout,
                self._agent_timings,
            )
            shelf.waiting.append((time.monotonic(), ready))
            self._pause = 0.0
            log.info("sandbox_waits", sandbox_id=spec.id, waiting=len(shelf.waiting))
        except Exception as error:
            # Cold starts report the failure to their callers; here it is only logged.
            pause = max(self._timings.first_pause, 2 * self._pause)
            self._pause = min(pause, self._timings.longest_pause)
            self._resume_at = time.monotonic() + self._pause
            self._metrics.pool_start_failures.inc()
            fault = not isinstance(error, CellblockError)
            log.warning("pool_start_failed", detail=str(error), pause=self._pause, exc_info=fault)
        finally:
            shelf.starting -= 1
            self._changed.set()

    async def _keep_well(self) -> None:
        while True:
            await asyncio.sleep(self._timings.check)
            for shelf in self._shelves.values():
                for entry in list(shelf.waiting):
                    # During the other checks a session may have taken it, or it became surplus.
                    if entry not in shelf.waiting or await self._is_well(entry[1]):
                        continue
                    if entry in shelf.waiting:
                        shelf.waiting.remove(entry)
                        self._discard(entry[1])
            for sandbox_id in list(self._left_behind):
                self._left_behind.discard(sandbox_id)
                await self._remove(sandbox_id, self._backend.destroy(sandbox_id))
            self._changed.set()

    async def _set_limits(self, ready: ReadySandbox, limits: SandboxLimits) -> bool:
        """Set a sandbox's limits. Return whether that succeeded."""
        if ready.spec.limits == limits:
            return True
        try:
            await self._backend.update(replace(ready.spec, limits=limits))
        except CellblockError as error:
            log.warning("pooled_sandbox_not_updated", sandbox_id=ready.spec.id, detail=str(error))
            return False
        return True

    def _discard(self, ready: ReadySandbox) -> None:
        self._removals.start(self._remove_ready(ready))

    async def _remove_ready(self, ready: ReadySandbox) -> None:
        await self._remove(ready.spec.id, ready.discard(self._backend))

    async def _remove(self, sandbox_id: str, removal: Awaitable[None]) -> None:
        try:
            await removal
        except Exception:
            # After any error the others continue. It is retried later, or by the next server.
            log.exception("pooled_sandbox_left_behind", sandbox_id=sandbox_id)
            self._left_behind.add(sandbox_id)

    async def _is_well(self, ready: ReadySandbox) -> bool:
        try:
            async with asyncio.timeout(self._timings.answer):
                await ready.agent.status()
        except (CellblockError, TimeoutError) as error:
            log.info("pooled_sandbox_unwell", sandbox_id=ready.spec.id, detail=str(error))
            return False
        return True
