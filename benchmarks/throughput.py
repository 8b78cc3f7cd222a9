"""How often something is done in a second by several callers at once, each in its own thread."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

START_SECONDS = 10.0
"""For all callers' threads to be there."""


def per_second(turns: Sequence[Callable[[], object]], seconds: float) -> float:
    """Have each caller take its turn again and again for so long; turns a second, of all together.

    What is under way when the time is up is waited for, and counts with the time it took.
    Raises BrokenBarrierError if the callers do not begin together.
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
