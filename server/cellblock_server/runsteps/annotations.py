"""Links to a sandbox's files in a message's text: pure.

Models write `[the plot](sandbox:/mnt/data/plot.png)`, but also bare links, spaces as they
are or as `%20`, and punctuation right behind. Where a link ends is told by which files
there are: the longest one that fits is meant.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from urllib.parse import unquote

SCHEME = "sandbox:"
BEGIN = re.compile(r"sandbox:/mnt/data/")
LINE = re.compile(r"[^\r\n<>\"|]*")
"""What a link can reach over at most."""
BOUNDARY = re.compile(r"[\s)\]}'`*_.,;:!?(\[{]|\Z")
"""What may stand right behind a link; all of them may be within one, too."""
UNKNOWN_END = re.compile(r"[^\s)\]}'`*]*")
"""How far a link to no file is taken to reach."""
ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
"""As CommonMark has it: a backslash before ASCII punctuation."""
TRAILING = ".,;:!?_"
MAX_PATH = 1024
"""Characters of a path, escapes included: three for each byte of a character beyond ASCII."""


@dataclass(frozen=True)
class Link:
    """A link in a text; indexes count characters, the end is exclusive."""

    start: int
    end: int
    text: str
    path: str
    """As the sandbox has it: `/mnt/data/…`."""


@dataclass(frozen=True)
class Found:
    """A place where a link begins, and what it may be: the longest first."""

    candidates: tuple[Link, ...]
    otherwise: Link
    """If none of them is a file."""


def find_links(text: str) -> list[Found]:
    """All places in `text` that link to a file."""
    return [_found(text, match.start()) for match in BEGIN.finditer(text)]


def resolve(found: list[Found], known: Collection[str]) -> tuple[list[Link], list[Link]]:
    """Links to files whose paths are `known`, and the others. A link does not lie in another."""
    good: list[Link] = []
    bad: list[Link] = []
    end = 0
    for place in found:
        if place.otherwise.start < end:
            continue
        link = next((link for link in place.candidates if link.path in known), None)
        if link is None:
            bad.append(place.otherwise)
        else:
            good.append(link)
        end = (link or place.otherwise).end
    return good, bad


def _found(text: str, start: int) -> Found:
    reach = LINE.match(text, start, start + MAX_PATH)
    last = reach.end() if reach else start
    ends = [match.start() for match in BOUNDARY.finditer(text, start + len(SCHEME), last)]
    links = [
        link for end in sorted({*ends, last}, reverse=True) for link in _links(text, start, end)
    ]
    otherwise = UNKNOWN_END.match(text, start, last)
    stop = otherwise.end() if otherwise else last
    shown = text[start:stop].rstrip(TRAILING)
    return Found(tuple(links), Link(start, start + len(shown), shown, shown.removeprefix(SCHEME)))


def _links(text: str, start: int, end: int) -> Iterator[Link]:
    shown = text[start:end]
    plain = shown.removeprefix(SCHEME)
    # A name may have a `%`, or a backslash that Markdown wants before a sign.
    for path in dict.fromkeys((plain, unquote(plain), ESCAPED.sub(r"\1", plain))):
        yield Link(start, end, shown, path)
