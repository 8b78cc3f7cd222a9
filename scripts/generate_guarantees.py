"""Write docs/project/guarantees.md from the claims in docs/guarantees/*.toml.

python scripts/generate_guarantees.py
"""

import posixpath
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "docs" / "guarantees"
TARGET = ROOT / "docs" / "project" / "guarantees.md"
HEAD = """\
# Verified behaviour

<!-- Made by `make docs` from docs/guarantees/*.toml. -->

Each statement on this page is checked by the tests named after it. `make test judges` runs them,
with real parts: Docker Engine, Jupyter kernels, gRPC, SQLite, PostgreSQL, TLS. To run one, put its
name after `.venv/bin/pytest tests/`. The user pages explain the behaviour.
"""


class Strict(BaseModel):
    """Base of what is read from a file: an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Claim(Strict):
    """One statement about the product, with the tests that prove it."""

    claim: str = Field(pattern=r"^[A-Z0-9`/].*\.$")
    """A plain sentence or two."""
    tests: tuple[str, ...] = Field(min_length=1)
    """Test ids relative to tests/: `path.py::test_name`, or `path.py::test_name[parameters]`."""
    note: str = ""
    """A limit of the proof, such as the runtime that it needs."""

    def markdown(self) -> str:
        """Return the claim as an item of a list."""
        words = f"{self.claim} {self.note}".strip()
        return f"- {words}\n" + ",\n".join(f"  `{test}`" for test in self.tests) + "\n"


class Section(Strict):
    """Claims about one subject."""

    title: str
    claims: tuple[Claim, ...] = Field(min_length=1)


class Area(Strict):
    """One file of claims: what one user page describes."""

    title: str
    page: str
    """The user page, relative to the repository's root."""
    sections: tuple[Section, ...] = Field(min_length=1)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read one file. Raises ValidationError."""
        return cls.model_validate(tomllib.loads(path.read_text()))

    def claims(self) -> Iterator[Claim]:
        """Iterate over the claims of all sections."""
        for section in self.sections:
            yield from section.claims

    def markdown(self) -> str:
        """Return the area with its headings."""
        link = posixpath.relpath(self.page, "docs/project")
        parts = [f"\n## {self.title}\n\nExplained in [{self.page}]({link}).\n"]
        for section in self.sections:
            # Titles repeat between areas, and an anchor must be unique.
            parts.append(f"\n### {self.title}: {section.title}\n\n")
            parts += [claim.markdown() for claim in section.claims]
        return "".join(parts)


def areas() -> list[Area]:
    """Read all areas, in the order of their titles."""
    return sorted((Area.read(path) for path in SOURCES.glob("*.toml")), key=lambda one: one.title)


def reference() -> str:
    """Return the whole document."""
    return HEAD + "".join(area.markdown() for area in areas())


if __name__ == "__main__":
    TARGET.write_text(reference())
