"""Sandboxes that were started ahead and wait for a session, so that it need not wait for one.

Each is given to one session, by taking it off its shelf, and never comes back.
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
    """After a session took a sandbox, until the next is started: first its code has the machine."""
    check: float = 10.0
    """Between two checks of the sandboxes that wait."""
    answer: float = 2.0
    """Longest answer of a healthy agent."""
    demand: float = 60.0
    """As many are kept ready as were asked for in so long, within bounds."""
    first_pause: float = 1.0
    """Without a start, after one that failed; the pause doubles with each failure."""
    longest_pause: float = 60.0


@dataclass(frozen=True)
class Profile:
    """What is settled when a sandbox is made; its other limits can change while it runs."""

    image: str
    runtime: str
    has_egress: bool
    fixed_limits: SandboxLimits

    @classmethod
    def of(cls, spec: SandboxSpec) -> "Profile":
        """The profile of sandboxes like this one."""
        fixed = replace(spec.limits, memory_bytes=0, cpus=0, pids=0)
        return cls(spec.image, spec.runtime, spec.has_egress, fixed)


@dataclass(frozen=True)
class Stock:
    """What the operator wants to have ready."""

    example: SandboxSpec
    """All are like it; its id does not count."""
    size: int
    """How many at least."""


@dataclass(frozen=True)
class PoolBounds:
    """What the pool may use."""

    max_waiting: int
    """Sandboxes, of all profiles together."""
    parallelism: int
    """Starts at a time."""
    max_age: timedelta
    """Those that waited for longer are replaced."""
    start_timeout: timedelta
    longest_deferral: timedelta = timedelta(seconds=5)
    """Longest time for which starts that a caller waits for delay the next start for the pool."""


@dataclass(frozen=True)
class PoolStatus:
    """What the pool holds, of all profiles together."""

    waiting: int
    starting: int
    wanted: int
    """How many it wants to have waiting, within its bounds."""
    left_behind: int
    """Sandboxes that could not be removed yet."""


class _Shelf:
    """Where sandboxes of one profile wait."""

    def __init__(self, stock: Stock, most: int, demand_seconds: float) -> None:
        self.example = stock.example
        self._demand_seconds = demand_seconds
        self._least = stock.size
        self.waiting: deque[tuple[float, ReadySandbox]] = deque()
        """Oldest first, and since when by the monotonic clock."""
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
    """Owns the sandboxes that wait."""

    def __init__(
        self,
        backend: Backend,
        stocks: Sequence[Stock],
        bounds: PoolBounds,
        supervisor: Supervisor,
        metrics: Metrics | None = None,
        timings: PoolTimings | None = None,
        is_awaited: Callable[[], bool] = lambda: False,
        agent_timings: AgentTimings | None = None,
    ) -> None:
        """Have `stocks` ready, while it is `kept`; count in `metrics`.

        While `is_awaited` says that a caller waits for a start, the pool's are put off: all at
        once would only make that one slower.
        """
        self._is_awaited = is_awaited
        self._deferred_since: float | None = None
        self._metrics = metrics or Metrics()
        self._backend = backend
        self._bounds = bounds
        self._timings = timings or PoolTimings()
        self._agent_timings = agent_timings or AgentTimings()
        self._shelves = {
            Profile.of(stock.example): _Shelf(stock, bounds.max_waiting, self._timings.demand)
            for stock in stocks
        }
        self._changed = asyncio.Event()
        self._supervisor = supervisor
        self._starts = supervisor.task_set("pool_starts")
        self._removals = supervisor.task_set("pool_removals")
        self._pause = 0.0
        self._resume_at = -math.inf
        self._left_behind: set[str] = set()
        """Ids of those that could not be removed; tried again until they are."""

    def reconsider(self) -> None:
        """Look again at what is to be started; called when no caller waits for a start any more."""
        self._changed.set()

    def status(self) -> PoolStatus:
        """What it holds now."""
        shelves = self._shelves.values()
        return PoolStatus(
            waiting=sum(len(shelf.waiting) for shelf in shelves),
            starting=sum(shelf.starting for shelf in shelves),
            wanted=min(sum(shelf.wanted() for shelf in shelves), self._bounds.max_waiting),
            left_behind=len(self._left_behind),
        )

    async def take(self, spec: SandboxSpec) -> ReadySandbox | None:
        """A sandbox that waited and is well, with the limits of `spec`; None if there is none."""
        shelf = self._shelves.get(Profile.of(spec))
        if shelf is None:
            self._metrics.pool_takes.labels("other_kind").inc()
            return None
        ready = await self._take_from(shelf, spec)
        self._metrics.pool_takes.labels("miss" if ready is None else "hit").inc()
        return ready

    async def _take_from(self, shelf: _Shelf, spec: SandboxSpec) -> ReadySandbox | None:
        shelf.asked()
        asyncio.get_running_loop().call_later(self._timings.refill, self._changed.set)
        while shelf.waiting:
            # Off the shelf before anything is awaited: nobody else can have it.
            _since, ready = shelf.waiting.popleft()
            well = False
            try:
                well = await self._is_well(ready) and await self._fit(ready, spec.limits)
            finally:
                if not well:
                    self._discard(ready)
            if well:
                return replace(ready, spec=replace(ready.spec, limits=spec.limits))
        return None

    @asynccontextmanager
    async def kept(self, after: asyncio.Event) -> AsyncIterator[None]:
        """Fill the shelves, and keep them filled until the block is left; then all of it ends.

        Not before `after`: until then, what runs and has no session is taken for orphaned.
        """
        async with AsyncExitStack() as stack:
            # Left last: what the others discard has an end, too.
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
                # One after the other: the next goes when the replacement of the last one waits.
                if shelf.has_aged(self._bounds.max_age) and self._may_replace():
                    self._discard(shelf.waiting.popleft()[1])
                    # Its place is free, and no start is under way.
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
        # Not `_starts`: a start that has just ended is still among them when this is asked again.
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
        """Whether the next start is put off, for a while."""
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
        # One, and then those that wait for theirs come first again.
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
            # Sessions that start cold tell their callers what is wrong; here only the log hears.
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
                    # While others were asked, a session may have taken it, or it was surplus.
                    if entry not in shelf.waiting or await self._is_well(entry[1]):
                        continue
                    if entry in shelf.waiting:
                        shelf.waiting.remove(entry)
                        self._discard(entry[1])
            for sandbox_id in list(self._left_behind):
                self._left_behind.discard(sandbox_id)
                await self._remove(sandbox_id, self._backend.destroy(sandbox_id))
            self._changed.set()

    async def _fit(self, ready: ReadySandbox, limits: SandboxLimits) -> bool:
        """Give it other limits; whether it has them."""
        if ready.spec.limits == limits:
            return True
        try:
            await self._backend.update(replace(ready.spec, limits=limits))
        except CellblockError as error:
            log.warning("pooled_sandbox_not_updated", sandbox_id=ready.spec.id, detail=str(error))
            return False
        return True

    def _discard(self, ready: ReadySandbox) -> None:
        self._removals.start(self._end(ready))

    async def _end(self, ready: ReadySandbox) -> None:
        await self._remove(ready.spec.id, ready.discard(self._backend))

    async def _remove(self, sandbox_id: str, removal: Awaitable[None]) -> None:
        try:
            await removal
        except Exception:
            # Whatever it is, the others go on. Tried again later, or by the next server.
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
