"""Samples on the pages: fenced blocks, and the comment before one that configures it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")], key=lambda path: path.as_posix()
)
NOT_RUN = re.compile(r"<!-- not run: (.{10,}) -->")
"""Comment before a block that is not executed, with the reason."""
PROMPT = "$ "
COMMENT = re.compile(r"\s+# .*$")
"""Comment at a command's end, for the reader."""


@dataclass(frozen=True)
class Sample:
    """One fenced block."""

    page: str
    line: int
    """Line number of its first line of text, from 1."""
    language: str
    text: str
    not_run: str
    """Why; empty if it is executed."""

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


@dataclass(frozen=True)
class Command:
    """A line that a reader types, and the output that the page shows."""

    text: str
    shown: str

    def answers(self, said: str) -> bool:
        """Whether the output is as shown; … matches any text."""
        pattern = ".*".join(re.escape(part.strip("\n")) for part in self.shown.split("…"))
        return re.fullmatch(pattern.strip("\n"), said.strip("\n"), re.DOTALL) is not None


def samples(*languages: str) -> list[Sample]:
    """Return all blocks in these languages, page by page, in order."""
    return [one for page in PAGES for one in _of(page) if one.language in languages]


def all_languages() -> set[str]:
    """Return the languages of all blocks; blocks without one are output."""
    return {one.language for page in PAGES for one in _of(page)} - {""}


def commands(sample: Sample) -> list[Command]:
    """Return the commands in a block of the language `console`."""
    found: list[tuple[str, list[str]]] = []
    continued = False
    for line in sample.text.splitlines():
        if continued:
            found[-1] = (f"{found[-1][0]}\n{line}", [])
        elif line.startswith(PROMPT):
            found.append((line.removeprefix(PROMPT), []))
        elif found:
            found[-1][1].append(line)
        else:
            assert not line, f"{sample}: {line!r} is shown before anything was typed"
        continued = (line.startswith(PROMPT) or continued) and line.endswith("\\")
    return [Command(COMMENT.sub("", text), "\n".join(shown)) for text, shown in found]


def _of(page: Path) -> Iterator[Sample]:
    name = page.relative_to(ROOT).as_posix()
    before = ""
    for token in MarkdownIt().parse(page.read_text()):
        if token.type == "fence" and token.map:
            said = NOT_RUN.search(before)
            yield Sample(name, token.map[0] + 2, token.info, token.content, said[1] if said else "")
        before = token.content if token.type == "html_block" else ""
