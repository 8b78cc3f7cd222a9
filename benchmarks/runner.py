"""Runs the entrants of a scenario by turns, so that the machine's load affects all of them."""

from contextlib import ExitStack

from benchmarks.results import Measured
from benchmarks.scenario import Scenario
from benchmarks.stage import Stage


def measure(scenario: Scenario, stage: Stage, rounds: int) -> Measured:
    """Run the given number of rounds of a scenario."""
    samples: dict[str, list[float]] = {name: [] for name in scenario.entrants}
    with ExitStack() as stack:
        steps = {name: stack.enter_context(make(stage)) for name, make in scenario.entrants.items()}
        # Sessions that were opened for preparation left gaps in pools, which are being filled.
        stage.settle()
        for number in range(rounds):
            # Each round begins with another entrant, so that each one follows a slow one in turn.
            names = list(steps)
            shift = number % len(names)
            for name in names[shift:] + names[:shift]:
                samples[name] += steps[name]()
    return Measured.of(scenario, samples)
