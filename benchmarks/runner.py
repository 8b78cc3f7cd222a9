"""Has a scenario's entrants take turns, so that what else the machine does meets all of them."""

from contextlib import ExitStack

from benchmarks.results import Measured
from benchmarks.scenario import Scenario
from benchmarks.stage import Stage


def measure(scenario: Scenario, stage: Stage, rounds: int) -> Measured:
    """Run a scenario so many rounds."""
    samples: dict[str, list[float]] = {name: [] for name in scenario.entrants}
    with ExitStack() as stack:
        steps = {name: stack.enter_context(make(stage)) for name, make in scenario.entrants.items()}
        # Sessions that were opened to get ready left gaps in pools, which are being filled.
        stage.settle()
        for number in range(rounds):
            # Each round begins with another one: what comes after a slow one is no one's lot.
            names = list(steps)
            shift = number % len(names)
            for name in names[shift:] + names[:shift]:
                samples[name] += steps[name]()
    return Measured.of(scenario, samples)
