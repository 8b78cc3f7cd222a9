"""Turns per second of several concurrent callers."""

import threading
from collections.abc import Callable

from benchmarks.throughput import per_second

SECONDS = 0.05


def test_turns_of_all_concurrent_callers_are_counted() -> None:
    together = threading.Barrier(2, timeout=10)
    turns: list[int] = []

    def caller() -> Callable[[], None]:
        # The first turn waits until the other caller has started.
        first = [together.wait]

        def turn() -> None:
            if first:
                first.pop()()
            turns.append(threading.get_ident())

        return turn

    found = per_second([caller(), caller()], SECONDS)
    assert len(set(turns)) == 2
    assert 0 < found < len(turns) / SECONDS
