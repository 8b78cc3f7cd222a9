"""Last results of the programs in an image, stored below `build`."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.corpus.program import Program
from tests.corpus.running import Outcome

FOLDER = Path(__file__).resolve().parents[2] / "build" / "corpus"


@dataclass
class Results:
    """Last differences of each program in an image: none for a program that passed."""

    image: str
    differences: dict[str, list[str]] = field(default_factory=dict)
    """By the program's name."""
    seconds: dict[str, float] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    """Versions of Python and of the packages that decide most about what runs."""

    @classmethod
    def load(cls, image: str) -> "Results":
        """Return the stored results of an image; empty if there are none."""
        path = path_of(image)
        return cls(**json.loads(path.read_text())) if path.exists() else cls(image)

    def save(self) -> None:
        """Store the results."""
        path = path_of(self.image)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False))

    def add(self, outcome: Outcome) -> None:
        """Replace a program's result."""
        self.differences[outcome.program.name] = outcome.differences
        self.seconds[outcome.program.name] = round(outcome.seconds, 2)

    def passed(self, programs: Sequence[Program]) -> int:
        """Return how many of the programs passed."""
        return sum(self.differences.get(program.name) == [] for program in programs)

    def summary(self, programs: Sequence[Program]) -> str:
        """Return the pass rate in words."""
        passed, count = self.passed(programs), len(programs)
        return f"{passed} of {count} programs passed ({passed / count:.1%})"


def path_of(image: str) -> Path:
    """Return where an image's results are stored."""
    return FOLDER / f"{image.replace(':', '-').replace('/', '-')}.json"
