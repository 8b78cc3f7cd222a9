"""Clocks that a test sets: the wall's, and the one that nobody else could set."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cellblock_server.common.clock import SteadyClock, since_boot, utc_now

MIDNIGHT = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Clocks:
    """Both begin at midnight, and stand until a test moves them."""

    passed: float = 0
    """Seconds since then."""
    set_by: timedelta = timedelta(0)
    """By how much somebody has set the wall clock."""

    def wall(self) -> datetime:
        return MIDNIGHT + timedelta(seconds=self.passed) + self.set_by

    @property
    def steady(self) -> SteadyClock:
        return SteadyClock(self.wall, lambda: self.passed, MIDNIGHT)


def real_steady_clock() -> SteadyClock:
    """As a server's that has just started."""
    return SteadyClock(utc_now, since_boot, utc_now() - timedelta(seconds=since_boot()))
