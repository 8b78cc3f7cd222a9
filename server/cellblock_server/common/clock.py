"""The time, passed in where a test needs to hold it still."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

Clock = Callable[[], datetime]

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
"""Another one each time that the machine starts."""


def utc_now() -> datetime:
    """Now, in UTC, by the wall clock: an operator or a time server may set it at any time."""
    return datetime.now(UTC)


def since_boot() -> float:
    """Seconds since the machine started, those in which it slept included. Nobody can set them."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class SteadyClock:
    """Time that passes evenly, whatever the wall clock is set to: by it sessions expire.

    Until somebody sets the wall clock, both show the same.
    """

    def __init__(self, wall: Clock, elapsed: Callable[[], float], start: datetime) -> None:
        """Show `start` and as many seconds as have `elapsed`."""
        self._wall = wall
        self._elapsed = elapsed
        self._start = start

    def __call__(self) -> datetime:
        """Now, by this clock."""
        return self._start + timedelta(seconds=self._elapsed())

    def on_wall(self, when: datetime) -> datetime:
        """A time of this clock as the wall clock would have shown it, set as it is now.

        To a second: the same time must look the same each time.
        """
        return when + timedelta(seconds=round((self._wall() - self()).total_seconds()))

    def earlier(self) -> datetime:
        """The time by the clock that is behind: what is deleted must be due by either."""
        return min(self._wall(), self())


def steady_clock(kept_in: Path, wall: Clock) -> SteadyClock:
    """The machine's steady clock, the same for all servers on a state until it is started anew.

    What it began with is in the file `kept_in`, so that a clock that is set between two servers
    is noticed, too. Raises OSError.
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
