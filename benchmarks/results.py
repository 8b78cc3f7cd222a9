"""Results of a run, stored as JSON with every sample."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.scenario import Scenario
from benchmarks.timing import Samples


@dataclass(frozen=True)
class AimResult:
    """Result for an aim; `seen` is a ratio if `of` names a divisor, else in the scenario's unit."""

    what: str
    text: str
    seen: float
    bound: float
    of: str

    @property
    def is_met(self) -> bool:
        """Return whether the aim was met in this run."""
        return self.seen <= self.bound


@dataclass(frozen=True)
class Measured:
    """Samples of each entrant in one scenario."""

    name: str
    title: str
    unit: str
    baseline: str
    more_is_better: bool
    samples: Mapping[str, Sequence[float]]
    aims: Sequence[AimResult]

    @classmethod
    def of(cls, scenario: Scenario, samples: Mapping[str, Sequence[float]]) -> "Measured":
        """Summarize a scenario's rounds; aims of entrants that did not take part are left out."""
        medians = {name: Samples(list(values)).median for name, values in samples.items()}
        aims = [
            AimResult(
                aim.what,
                aim.text,
                medians[aim.ours] / (medians[aim.of] if aim.of else 1),
                aim.bound,
                aim.of,
            )
            for aim in scenario.aims
            if {aim.ours, aim.of or aim.ours} <= medians.keys()
        ]
        return cls(
            scenario.name,
            scenario.title,
            scenario.unit,
            scenario.baseline,
            scenario.more_is_better,
            samples,
            aims,
        )


@dataclass(frozen=True)
class Run:
    """Results of all scenarios, and the machine."""

    command: str
    machine: Mapping[str, str]
    versions: Mapping[str, str]
    scenarios: Sequence[Measured]

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=1) + "\n")

    @classmethod
    def load(cls, path: Path) -> "Run":
        """Read a file that `save` wrote."""
        found: dict[str, Any] = json.loads(path.read_text())
        scenarios = [
            Measured(**{**one, "aims": [AimResult(**aim) for aim in one["aims"]]})
            for one in found["scenarios"]
        ]
        return cls(**{**found, "scenarios": scenarios})
