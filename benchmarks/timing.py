"""What was measured of something done again and again."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Samples:
    """A value of each round: seconds, unless it is said otherwise."""

    values: list[float]

    @property
    def median(self) -> float:
        """Half of the rounds had more."""
        return statistics.median(self.values)

    @property
    def p95(self) -> float:
        """One round in twenty had more. Of one round: that round's."""
        if len(self.values) == 1:
            return self.values[0]
        return statistics.quantiles(self.values, n=20, method="inclusive")[-1]


def timed(action: Callable[[], object]) -> float:
    """Seconds that something takes."""
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def repeat(rounds: int, action: Callable[[], object]) -> Samples:
    """Do something so often and time each."""
    return Samples([timed(action) for _round in range(rounds)])
