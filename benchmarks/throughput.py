"""Throughput of several concurrent callers, each in its own thread."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

START_SECONDS = 10.0
"""Seconds for all callers' threads to start."""


def per_second(turns: Sequence[Callable[[], object]], seconds: float) -> float:
    """Run each caller repeatedly for `seconds`, and return the turns per second of all.

    Work in progress at the end is awaited, and counts with the time that it took. Raises
    BrokenBarrierError if the callers do not begin together.
    """
    begin = threading.Barrier(len(turns), timeout=START_SECONDS)

    def caller(turn: Callable[[], object]) -> tuple[float, float, int]:
        begin.wait()
        began = time.perf_counter()
        count = 0
        while time.perf_counter() - began < seconds:
            turn()
            count += 1
        return began, time.perf_counter(), count

    with ThreadPoolExecutor(len(turns)) as threads:
        results = list(threads.map(caller, turns))
    took = max(end for _, end, _ in results) - min(began for began, _, _ in results)
    return sum(count for _, _, count in results) / took
