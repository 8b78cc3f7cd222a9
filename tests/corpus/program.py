"""Reading a program of the corpus: its cells, and what they must show."""

import re
import tomllib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

CORPUS = Path(__file__).parent
PROGRAMS = CORPUS / "programs"
SAMPLES = CORPUS.parent / "samples"
BLOCK = re.compile(
    r"^# /// (?P<kind>expect|session)$\n(?P<toml>(?:^#(?:| .*)$\n)*?)^# ///$\n?", re.M
)
CELL = re.compile(r"^# %%.*\n", re.M)


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """Output that a cell must have; README.md explains the fields."""

    status: str = "COMPLETED"
    cause: str | None = None
    error: str | None = None
    error_contains: list[str] = field(default_factory=list)
    stdout: str | None = None
    stdout_contains: list[str] = field(default_factory=list)
    stderr: str | None = None
    stderr_contains: list[str] = field(default_factory=list)
    stderr_lines: int = 3
    text: str | None = None
    text_contains: list[str] = field(default_factory=list)
    images: int = 0
    displays: int | None = None
    files: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Setup:
    """Session that a program needs; README.md explains the fields."""

    attach: list[str] = field(default_factory=list)
    unpack: bool = False
    environment: dict[str, str] = field(default_factory=dict)
    time_limit: float = 60
    limit: str = ""

    @property
    def paths(self) -> list[Path]:
        """Files to attach."""
        return [
            SAMPLES / name.removeprefix("samples/")
            if name.startswith("samples/")
            else CORPUS / "data" / name
            for name in self.attach
        ]


@dataclass(frozen=True)
class Cell:
    """One execution of a program."""

    code: str
    expected: Expectation


@dataclass(frozen=True)
class Program:
    """A file of the corpus."""

    path: Path

    @property
    def name(self) -> str:
        """Path below `programs`, without its suffix."""
        return str(self.path.relative_to(PROGRAMS).with_suffix(""))

    @property
    def subject(self) -> str:
        """Directory: a library or subject."""
        return self.path.relative_to(PROGRAMS).parts[0]

    @property
    def is_fault(self) -> bool:
        """Whether it shows a fault that was found, so that `make test` runs it."""
        return self.subject == "faults"

    @cached_property
    def source(self) -> str:
        """Text of the file."""
        return self.path.read_text()

    @property
    def setup(self) -> Setup:
        """Session that it needs."""
        return Setup(**read_block(self.source, "session"))

    @property
    def cells(self) -> list[Cell]:
        """All cells, in order."""
        sources = [source for source in CELL.split(self.source) if BLOCK.sub("", source).strip()]
        return [
            Cell(
                BLOCK.sub("", source).strip("\n") + "\n",
                Expectation(**read_block(source, "expect")),
            )
            for source in sources
        ]


def read_block(source: str, kind: str) -> dict[str, Any]:
    """Return the values in the first comment block of a kind."""
    for block in BLOCK.finditer(source):
        if block["kind"] == kind:
            lines = block["toml"].splitlines()
            return tomllib.loads("\n".join(line[2:] for line in lines))
    return {}


def all_programs() -> list[Program]:
    """Return the whole corpus, sorted by path."""
    return [Program(path) for path in sorted(PROGRAMS.glob("*/*.py"))]
