"""Measures the CPU time of sessions: the kernel's count, never what a sandbox says."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import structlog

from cellblock_server.backends.backend import Backend
from cellblock_server.common.errors import CellblockError, NotFoundError, UnavailableError
from cellblock_server.journal.journal import Journal
from cellblock_server.journal.tracked import TrackedSession
from cellblock_server.tenants.cpu_quota import CpuQuota

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class MeterTimings:
    """Times of the CPU meter, in seconds."""

    pause: float = 5.0
    """Between two looks at all sessions; a tenant can exceed its quota by what it uses then."""
    last: float = 3.0
    """Longest wait of a session that ends for its last measurement."""


@dataclass(frozen=True)
class _Look:
    """Measurement of a sandbox, with its time by the monotonic clock."""

    time: float
    seconds: float
    cpus: float


class CpuMeter:
    """Measures live sessions now and then, while it is `run`."""

    def __init__(
        self,
        backend: Backend,
        journal: Journal,
        quota: CpuQuota,
        sessions: Callable[[], Iterable[TrackedSession]],
        timings: MeterTimings | None = None,
    ) -> None:
        """Measure the live `sessions` of `backend`, and count for `quota`."""
        self._backend = backend
        self._journal = journal
        self._quota = quota
        self._sessions = sessions
        self._timings = timings or MeterTimings()
        self._turn = asyncio.Lock()
        self._looks: dict[str, _Look] = {}
        """The last measurement of each sandbox."""

    def cpus(self, sandbox_id: str) -> float:
        """Return the CPUs that a sandbox used between its last two measurements; 0 before them."""
        look = self._looks.get(sandbox_id)
        return 0.0 if look is None else look.cpus

    async def measure(self, *sessions: TrackedSession) -> None:
        """Count the CPU time that sessions have used since they were measured last."""
        # One at a time: what is added is the difference to what was counted before.
        async with self._turn:
            await self._quota.forget_old()
            found = await asyncio.gather(*map(self._seconds, sessions))
            names = (session.record.sandbox_id for session in sessions)
            self._note(dict(zip(names, found, strict=True)))
            more = [
                (session, seconds)
                for session, seconds in zip(sessions, found, strict=True)
                if seconds > session.record.cpu_seconds
            ]
            if not more:
                return
            period = self._quota.period()
            added = [
                (session.record.tenant, seconds - session.record.cpu_seconds)
                for session, seconds in more
            ]
            async with self._journal.transaction() as change:
                for session, seconds in more:
                    change.usage.count_cpu(session, seconds, period)
            for tenant, seconds in added:
                self._quota.add(tenant, period, seconds)

    def _note(self, found: Mapping[str, float]) -> None:
        now = time.monotonic()
        for sandbox_id, seconds in found.items():
            last = self._looks.get(sandbox_id)
            cpus = 0.0
            if last is not None and now > last.time:
                cpus = max(0.0, (seconds - last.seconds) / (now - last.time))
            self._looks[sandbox_id] = _Look(now, seconds, cpus)

    async def measure_last(self, session: TrackedSession) -> None:
        """Measure a session whose sandbox is about to be removed. Failures are logged."""
        try:
            async with asyncio.timeout(self._timings.last):
                await self.measure(session)
        except TimeoutError:
            log.warning("cpu_time_not_measured", session_id=session.record.id, reason="SLOW")
        except CellblockError as error:
            log.warning("cpu_time_not_measured", session_id=session.record.id, reason=error.reason)

    async def run(self) -> None:
        """Go on until cancelled."""
        while True:
            try:
                await self.measure(*self._sessions())
                live = {session.record.sandbox_id for session in self._sessions()}
                self._looks = {name: look for name, look in self._looks.items() if name in live}
            except CellblockError as error:
                log.warning("cpu_time_not_measured", reason=error.reason, detail=str(error))
            await asyncio.sleep(self._timings.pause)

    async def _seconds(self, session: TrackedSession) -> float:
        record = session.record
        try:
            return await self._backend.cpu_seconds(record.sandbox_id)
        except NotFoundError:
            return 0.0  # it has ended by itself: what it used last can't be known any more
        except UnavailableError as error:
            log.warning("cpu_time_not_measured", session_id=record.id, reason=error.reason)
            return 0.0
