"""Scenarios: the same work by all entrants, round by round, with our aims."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from benchmarks.stage import Stage

Step = Callable[[], Iterable[float]]
"""One entrant's turn in a round: does it, and returns the measurement in the scenario's unit."""
Entrant = Callable[[Stage], AbstractContextManager[Step]]
"""Context of an entrant: prepares before the first round, and cleans up after the last, unmeasured.
"""


@dataclass(frozen=True)
class Aim:
    """One aim: `bound` is the highest value that meets it."""

    what: str
    text: str
    ours: str
    """Entrant that has the aim."""
    bound: float
    of: str = ""
    """Entrant whose median divides; empty if the bound is in the scenario's unit."""


@dataclass(frozen=True)
class Scenario:
    """Work that a user waits or pays for."""

    name: str
    """Name for the command line, files and JSON."""
    title: str
    unit: str
    entrants: Mapping[str, Entrant] = field(repr=False)
    """Entrants by their names in tables; they take turns in this order."""
    baseline: str
    """Entrant that all ratios refer to."""
    rounds: int
    quick_rounds: int
    """Rounds of a quick run; 0: not in a quick run."""
    aims: Sequence[Aim] = ()
    not_quick: frozenset[str] = frozenset()
    """Entrants that take too long for a quick run."""
    more_is_better: bool = False
