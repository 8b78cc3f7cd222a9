"""Links to a sandbox's files in a message's text: pure functions.

Models write `[the plot](sandbox:/mnt/data/plot.png)`, but also bare links, spaces unescaped or as
`%20`, and punctuation directly after a link. The existing files determine where a link ends: the
longest matching path wins.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from urllib.parse import unquote

SCHEME = "sandbox:"
BEGIN = re.compile(r"sandbox:/mnt/data/")
LINE = re.compile(r"[^\r\n<>\"|]*")
"""Longest text that can belong to a link."""
BOUNDARY = re.compile(r"[\s)\]}'`*_.,;:!?(\[{]|\Z")
"""Characters that may follow a link; each of them may also occur within one."""
UNKNOWN_END = re.compile(r"[^\s)\]}'`*]*")
"""Extent of a link that matches no file."""
ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
"""Backslash before ASCII punctuation, an escape in CommonMark."""
TRAILING = ".,;:!?_"
MAX_PATH = 1024
"""Maximum length of a path with escapes: a non-ASCII character takes three for each byte."""


@dataclass(frozen=True)
class Link:
    """A link in a text; indexes count characters, the end is exclusive."""

    start: int
    end: int
    text: str
    path: str
    """Path in the sandbox: `/mnt/data/…`."""


@dataclass(frozen=True)
class LinkStart:
    """Position at which a link begins, with its possible paths, longest first."""

    candidates: tuple[Link, ...]
    otherwise: Link
    """The link if none of the paths is a file."""


def find_links(text: str) -> list[LinkStart]:
    """Return all positions in `text` at which a link to a file may begin."""
    return [_link_start(text, match.start()) for match in BEGIN.finditer(text)]


def resolve(found: list[LinkStart], known: Collection[str]) -> tuple[list[Link], list[Link]]:
    """Return links to `known` paths, and other links. Links don't overlap."""
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


def _link_start(text: str, start: int) -> LinkStart:
    reach = LINE.match(text, start, start + MAX_PATH)
    last = reach.end() if reach else start
    ends = [match.start() for match in BOUNDARY.finditer(text, start + len(SCHEME), last)]
    links = [
        link for end in sorted({*ends, last}, reverse=True) for link in _links(text, start, end)
    ]
    otherwise = UNKNOWN_END.match(text, start, last)
    stop = otherwise.end() if otherwise else last
    shown = text[start:stop].rstrip(TRAILING)
    return LinkStart(
        tuple(links), Link(start, start + len(shown), shown, shown.removeprefix(SCHEME))
    )


def _links(text: str, start: int, end: int) -> Iterator[Link]:
    shown = text[start:end]
    plain = shown.removeprefix(SCHEME)
    # A name may contain `%`, or a backslash that Markdown requires before punctuation.
    for path in dict.fromkeys((plain, unquote(plain), ESCAPED.sub(r"\1", plain))):
        yield Link(start, end, shown, path)
