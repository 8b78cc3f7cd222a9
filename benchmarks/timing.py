"""Samples of repeated measurements."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Samples:
    """Values of the rounds: seconds, unless stated otherwise."""

    values: list[float]

    @property
    def median(self) -> float:
        """Return the median."""
        return statistics.median(self.values)

    @property
    def p95(self) -> float:
        """Return the 95th percentile; of one round, that round's value."""
        if len(self.values) == 1:
            return self.values[0]
        return statistics.quantiles(self.values, n=20, method="inclusive")[-1]


def timed(action: Callable[[], object]) -> float:
    """Return the seconds that a function takes."""
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def repeat(rounds: int, action: Callable[[], object]) -> Samples:
    """Call a function repeatedly, and time each call."""
    return Samples([timed(action) for _round in range(rounds)])
