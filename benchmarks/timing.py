"""Times of something done again and again."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Times:
    """Seconds of each round."""

    seconds: list[float]

    @property
    def median(self) -> float:
        """Half of the rounds took longer."""
        return statistics.median(self.seconds)

    @property
    def p95(self) -> float:
        """One round in twenty took longer."""
        return statistics.quantiles(self.seconds, n=20, method="inclusive")[-1]


def repeat(rounds: int, action: Callable[[], object]) -> Times:
    """Do something so often and time each."""
    seconds = []
    for _round in range(rounds):
        began = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - began)
    return Times(seconds)
