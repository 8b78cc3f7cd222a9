"""Entrants take turns: whatever else the machine does meets all of them."""

from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.runner import measure
from benchmarks.scenario import Entrant, Scenario, Step
from benchmarks.stage import Stage


def test_each_has_one_turn_in_a_round_and_no_one_is_always_first() -> None:
    turns: list[str] = []

    def entrant(name: str) -> Entrant:
        @contextmanager
        def ready(_stage: Stage) -> Iterator[Step]:
            turns.append(f"{name} begins")

            def step() -> list[float]:
                turns.append(name)
                return [len(turns)]

            yield step
            turns.append(f"{name} ends")

        return ready

    entrants = {name: entrant(name) for name in "abc"}
    scenario = Scenario("turns", "Turns", "ms", entrants, "a", 2, 2)
    with Stage("", "") as stage:
        found = measure(scenario, stage, 2)
    begun = ["a begins", "b begins", "c begins"]
    assert turns == [*begun, *"abc", *"bca", "c ends", "b ends", "a ends"]
    assert found.samples == {"a": [4, 9], "b": [5, 7], "c": [6, 8]}
