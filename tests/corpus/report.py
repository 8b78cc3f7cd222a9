"""Page of pass rates, from the stored results of images."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.corpus.program import Program
from tests.corpus.results import Results

PAGE = Path(__file__).resolve().parents[2] / "docs" / "project" / "corpus.md"
PACKAGES = ("pandas", "numpy", "matplotlib")
"""Packages whose versions are on the page."""
REASON_LENGTH = 160
"""Maximum length of a reason on the page."""
CELL_PREFIX = re.compile(r"^cell \d+: ")
ERROR = re.compile(r"^error is '(?P<name>\w+)': (?P<message>.*?), expected (?:None|'\w+')$", re.S)
HEAD = """\
# Corpus of programs

<!-- Made by `make corpus` from tests/corpus. -->

`tests/corpus` has {count} programs as language models write them for a code interpreter: imports
at the top, several cells, files in `/mnt/data`, `plt.show()`. Each has its right result: text,
images, files, exception. The right result is what a user expects with pandas 2 and the libraries
of its time, which models know best. Programs in `faults` show faults that were fixed.

The default image has the newest versions with which such programs work. The image with the suffix
`-newest` has the newest versions of everything.

"""
FAILURES = """
## Programs that fail with `{image}`

"""
LIMITS = """
## Known limits

Programs for a hosted interpreter that don't show all of their result here, because a package, a
program, or data that a library downloads is missing. Name these in the model's prompt.

"""


@dataclass(frozen=True)
class Report:
    """Results of one or more images, as a page."""

    programs: Sequence[Program]
    images: Sequence[Results]

    def fails(self, program: Program, image: str) -> bool:
        """Return whether a program ran in an image and didn't show what it must."""
        return any(
            results.image == image and results.differences.get(program.name)
            for results in self.images
        )

    def page(self) -> str:
        """Return the whole page."""
        limited = [program for program in self.programs if program.setup.limit]
        parts = [HEAD.format(count=len(self.programs)), *self._versions(), *self._subjects()]
        for results in self.images:
            failures = [
                program
                for program in self.programs
                if program not in limited and results.differences.get(program.name)
            ]
            parts.append(FAILURES.format(image=results.image))
            parts.extend(failure_table(failures, results) if failures else ["None.\n"])
        if limited:
            parts += [LIMITS, *table_head("program", "missing")]
            parts += [row(program.name, program.setup.limit) for program in limited]
        return "".join(parts)

    def _versions(self) -> Iterator[str]:
        if not self.images:
            yield "The images of this version were not measured yet.\n"
            return
        yield from table_head("image", "Python", *PACKAGES, "pass")
        for results in self.images:
            versions = [results.versions.get(name, "") for name in ("python", *PACKAGES)]
            yield row(f"`{results.image}`", *versions, rate(results, self.programs))

    def _subjects(self) -> Iterator[str]:
        yield "\n## Programs by subject\n\n"
        yield from table_head(
            "subject", "programs", *(f"`{results.image}`" for results in self.images)
        )
        for subject in sorted({program.subject for program in self.programs}):
            programs = [program for program in self.programs if program.subject == subject]
            yield row(
                subject, str(len(programs)), *(rate(results, programs) for results in self.images)
            )


def row(*cells: str) -> str:
    """Return a row of a table."""
    return f"| {' | '.join(cells)} |\n"


def table_head(*names: str) -> Iterator[str]:
    """Yield the first two rows of a table."""
    yield row(*names)
    yield row(*("---" for _ in names))


def rate(results: Results, programs: Sequence[Program]) -> str:
    """Return how many programs passed, as a number and a share."""
    passed = results.passed(programs)
    return f"{passed} ({passed / len(programs):.0%})"


def failure_table(programs: Sequence[Program], results: Results) -> Iterator[str]:
    """Yield a table of programs that failed, with the reason of each."""
    yield from table_head("program", "what differs")
    for program in programs:
        yield row(program.name, reason(results.differences[program.name]))


def reason(differences: Sequence[str]) -> str:
    """Return the difference that explains the others best, in one line of Markdown.

    An exception comes first, as the rest follows from it.
    """
    texts = [CELL_PREFIX.sub("", difference) for difference in differences]
    errors = [match for text in texts if (match := ERROR.match(text))]
    text = f"{errors[0]['name']}: {errors[0]['message']}" if errors else texts[0]
    text = " ".join(text.split())
    if len(text) > REASON_LENGTH:
        text = f"{text[:REASON_LENGTH]}…"
    return f"`{text.replace('`', chr(39)).replace('|', '¦')}`"
