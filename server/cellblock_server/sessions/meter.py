"""Metering of sessions' CPU time: by the host kernel's counters, never by a sandbox's claim."""

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
    """Pause between two measurements; a tenant can exceed its quota by its use in this time."""
    last: float = 3.0
    """Timeout of the last measurement of a session that ends."""


@dataclass(frozen=True)
class _Measurement:
    """Measurement of a sandbox, with its time by the monotonic clock."""

    time: float
    seconds: float
    cpus: float


class CpuMeter:
    """Measures live sessions periodically, while it is `run`."""

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
        self._measurements: dict[str, _Measurement] = {}
        """The last measurement of each sandbox."""

    def cpus(self, sandbox_id: str) -> float:
        """Return the CPUs that a sandbox used between its last two measurements; 0 before them."""
        measurement = self._measurements.get(sandbox_id)
        return 0.0 if measurement is None else measurement.cpus

    async def measure(self, *sessions: TrackedSession) -> None:
        """Count the CPU time that sessions have used since their last measurement."""
        # One at a time: the difference to the last count is added.
        async with self._turn:
            await self._quota.forget_old()
            found = await asyncio.gather(*map(self._seconds, sessions))
            names = (session.record.sandbox_id for session in sessions)
            self._store_measurements(dict(zip(names, found, strict=True)))
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

    def _store_measurements(self, found: Mapping[str, float]) -> None:
        now = time.monotonic()
        for sandbox_id, seconds in found.items():
            last = self._measurements.get(sandbox_id)
            cpus = 0.0
            if last is not None and now > last.time:
                cpus = max(0.0, (seconds - last.seconds) / (now - last.time))
            self._measurements[sandbox_id] = _Measurement(now, seconds, cpus)

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
        """Measure until cancelled."""
        while True:
            try:
                await self.measure(*self._sessions())
                live = {session.record.sandbox_id for session in self._sessions()}
                self._measurements = {
                    name: measurement
                    for name, measurement in self._measurements.items()
                    if name in live
                }
            except CellblockError as error:
                log.warning("cpu_time_not_measured", reason=error.reason, detail=str(error))
            await asyncio.sleep(self._timings.pause)

    async def _seconds(self, session: TrackedSession) -> float:
        record = session.record
        try:
            return await self._backend.cpu_seconds(record.sandbox_id)
        except NotFoundError:
            return 0.0  # it ended by itself: its last use can't be measured any more
        except UnavailableError as error:
            log.warning("cpu_time_not_measured", session_id=record.id, reason=error.reason)
            return 0.0
