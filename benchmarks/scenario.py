"""What a scenario is: the same done by all entrants, round by round, and what we aim for."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from benchmarks.stage import Stage

Step = Callable[[], Iterable[float]]
"""One entrant's turn in a round: does it, and gives what it measured, in the scenario's unit."""
Entrant = Callable[[Stage], AbstractContextManager[Step]]
"""Gets ready before the first round, and cleans up after the last one. Neither is measured."""


@dataclass(frozen=True)
class Aim:
    """One row of design's table of aims; `bound` is the most that meets it."""

    what: str
    text: str
    ours: str
    """The entrant that has the aim."""
    bound: float
    of: str = ""
    """The entrant whose median divides; empty where the bound is in the scenario's unit."""


@dataclass(frozen=True)
class Scenario:
    """Something that a user waits or pays for."""

    name: str
    """A word for the command line, files and JSON."""
    title: str
    unit: str
    entrants: Mapping[str, Entrant] = field(repr=False)
    """By what tables call them; they take turns in this order."""
    baseline: str
    """The entrant that all ratios are of."""
    rounds: int
    quick_rounds: int
    """0: not in a quick run."""
    aims: Sequence[Aim] = ()
    not_quick: frozenset[str] = frozenset()
    """Entrants that take too long for a quick run."""
    more_is_better: bool = False
