"""Clocks, passed as parameters so that tests can stop them."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

Clock = Callable[[], datetime]

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
"""File with an id that changes each time the machine starts."""


def utc_now() -> datetime:
    """Return the time of the wall clock in UTC; an operator or NTP may set it at any time."""
    return datetime.now(UTC)


def since_boot() -> float:
    """Return the seconds since the machine started, including sleep. They can't be set."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class SteadyClock:
    """Clock that changes to the wall clock don't affect: sessions expire by it.

    Until the wall clock is set, both show the same time.
    """

    def __init__(self, wall: Clock, elapsed: Callable[[], float], start: datetime) -> None:
        """Show `start` and as many seconds as have `elapsed`."""
        self._wall = wall
        self._elapsed = elapsed
        self._start = start

    def __call__(self) -> datetime:
        """Return the time of this clock."""
        return self._start + timedelta(seconds=self._elapsed())

    def on_wall(self, when: datetime) -> datetime:
        """Convert a time of this clock to the wall clock as it is set now.

        The difference is rounded to seconds, so that repeated conversions give the same result.
        """
        return when + timedelta(seconds=round((self._wall() - self()).total_seconds()))

    def earlier(self) -> datetime:
        """Return the time of the slower clock: data is deleted when it is due by both."""
        return min(self._wall(), self())


def steady_clock(kept_in: Path, wall: Clock) -> SteadyClock:
    """Return the steady clock, which all servers with this state share until the machine restarts.

    The file `kept_in` stores its start, so that setting the wall clock between two servers has no
    effect either. Raises OSError.
    """
    boot_id = BOOT_ID.read_text().strip()
    try:
        kept = json.loads(kept_in.read_text())
    except (FileNotFoundError, ValueError):
        kept = {}
    if kept.get("boot_id") != boot_id:
        start = wall() - timedelta(seconds=since_boot())
        kept = {"boot_id": boot_id, "start": start.isoformat()}
        fresh = kept_in.with_suffix(".new")
        fresh.write_text(json.dumps(kept))
        fresh.replace(kept_in)
    return SteadyClock(wall, since_boot, datetime.fromisoformat(kept["start"]))
