"""Clocks that tests set: a wall clock, and a steady clock that the system can't set."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cellblock_server.common.clock import SteadyClock, since_boot, utc_now

MIDNIGHT = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Clocks:
    """Two clocks that begin at midnight and stand still until a test moves them."""

    passed: float = 0
    """Seconds since then."""
    set_by: timedelta = timedelta(0)
    """Time by which the wall clock was set forward."""

    def wall(self) -> datetime:
        return MIDNIGHT + timedelta(seconds=self.passed) + self.set_by

    @property
    def steady(self) -> SteadyClock:
        return SteadyClock(self.wall, lambda: self.passed, MIDNIGHT)


def real_steady_clock() -> SteadyClock:
    """Return a steady clock like that of a server that has just started."""
    return SteadyClock(utc_now, since_boot, utc_now() - timedelta(seconds=since_boot()))
