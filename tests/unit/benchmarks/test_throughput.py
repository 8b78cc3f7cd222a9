"""Turns a second, of several callers together."""

import threading
from collections.abc import Callable

from benchmarks.throughput import per_second

SECONDS = 0.05


def test_all_callers_turn_at_once_and_all_turns_count() -> None:
    together = threading.Barrier(2, timeout=10)
    turns: list[int] = []

    def caller() -> Callable[[], None]:
        # Its first turn takes as long as until the other one is there.
        first = [together.wait]

        def turn() -> None:
            if first:
                first.pop()()
            turns.append(threading.get_ident())

        return turn

    found = per_second([caller(), caller()], SECONDS)
    assert len(set(turns)) == 2
    assert 0 < found < len(turns) / SECONDS
