"""Links to a sandbox's files in a message's text: pure functions.

Models write `[the plot](sandbox:/mnt/data/plot.png)`, but also `sandbox:///mnt/data/plot.png`, bare
paths and names, spaces unescaped or as `%20`, and punctuation directly after a link. The existing
files determine where a link ends: the longest matching path wins.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from html import unescape
from urllib.parse import unquote

from cellblock_server.runsteps.code_ranges import CodeRanges

FOLDER = "/mnt/data/"
ABSOLUTE = re.compile(
    r"(?<![\w+.-])(?P<scheme>(?i:sandbox|file|attachment):(?://(?:localhost)?/|/?/?))mnt/data/"
    r"|(?<![\w/.:~-])/mnt/data/"
)
"""Beginning of a link with the folder's path, with or without a scheme."""
TARGET = r"\]\(\s{0,3}<?|^ {0,3}\[[^\]\n]{1,200}\]:[ \t]{1,3}<?|\b(?:href|src)\s?=\s?[\"']?"
"""Text directly before the target of a Markdown link or of an HTML attribute."""
BEGIN = re.compile(
    rf"(?P<target>{TARGET})(?:{ABSOLUTE.pattern.replace('?P<scheme>', '?:')})?|{ABSOLUTE.pattern}",
    re.MULTILINE,
)
"""Beginning of any link; one after a target's opening is found only once."""
RELATIVE = re.compile(r"(?:(?i:sandbox|attachment):/{0,3})?(?:\./)?(?:mnt/data/)?")
ELSEWHERE = re.compile(
    r"(?!(?:sandbox|attachment):)[a-z][a-z0-9+.-]*:|[#?)]|//|/(?!mnt/data/)", re.I
)
"""Beginning of a link's target that leads to no file of a sandbox."""
LINE = re.compile(r"[^\r\n<>\"|]*")
"""Longest text that can belong to a link."""
BOUNDARY = re.compile(r"[\s)\]}'`*_.,;:!?#(\[{]|\Z")
"""Characters that may follow a link; each of them may also occur within one."""
SUFFIX = re.compile(r"[?#][^\s()\[\]{}'\"`*<>|]*[^\s()\[\]{}'\"`*<>|.,;:!?_]")
"""Query or fragment after a path: part of the link, but not of the path."""
UNKNOWN_END = re.compile(r"[^\s)\]}'`*]*")
"""Extent of a link that matches no file."""
ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
"""Backslash before ASCII punctuation, an escape in CommonMark."""
TRAILING = ".,;:!?_"
SPACE = re.compile(r"\s")
MAX_PATH = 1024
"""Maximum length of a path with escapes: a non-ASCII character takes three for each byte."""
MAX_ENDS = 100
"""Maximum number of positions at which one link is considered to end."""
MAX_STARTS = 1000
"""Maximum number of positions at which a link is considered to begin; later ones are ignored."""
MAX_SUFFIX = 200
"""Maximum length of a query or fragment."""
MAX_CANDIDATES = 5000
"""Maximum number of candidates of all links together: a hostile text has any number."""


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
    is_certain: bool = True
    """Whether it can only mean a file of the sandbox."""


def find_links(text: str) -> list[LinkStart]:
    """Return the positions in `text` at which a link to a file may begin, up to the limits.

    Code keeps its paths: within it, only links with a scheme count.
    """
    found: list[LinkStart] = []
    candidates = 0
    for start in _starts(text):
        found.append(start)
        candidates += len(start.candidates)
        if len(found) >= MAX_STARTS or candidates >= MAX_CANDIDATES:
            break
    return found


def resolve(
    found: Iterable[LinkStart], known: Collection[str], similar: Mapping[str, str] | None = None
) -> tuple[list[Link], list[Link]]:
    """Return links to `known` paths, and other links. Links don't overlap.

    `similar` has more paths, by what `fold_path` makes of them.
    """
    good: list[Link] = []
    bad: list[Link] = []
    end = 0
    for place in found:
        if place.otherwise.start < end:
            continue
        link = _first_known(place.candidates, known, similar or {})
        if link is not None:
            good.append(link)
            end = link.end
        elif place.is_certain:
            bad.append(place.otherwise)
            end = place.otherwise.end
    return good, bad


def fold_path(path: str) -> str:
    """Return a path without differences that models overlook: case, normalization, spaces."""
    spaced = SPACE.sub(" ", path)
    if spaced.isascii():
        return spaced.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", spaced).casefold())


def unambiguous(paths: Iterable[str]) -> dict[str, str]:
    """Return paths by what `fold_path` makes of them, without those that it makes equal."""
    folded: dict[str, str | None] = {}
    for path in set(paths):
        key = fold_path(path)
        folded[key] = None if key in folded else path
    return {key: path for key, path in folded.items() if path is not None}


def _starts(text: str) -> Iterator[LinkStart]:
    """Yield the beginnings of links, in order."""
    code = CodeRanges(text)
    for match in BEGIN.finditer(text):
        start = match.end("target") if match["target"] else match.start()
        if (absolute := ABSOLUTE.match(text, start)) is not None:
            if absolute["scheme"] or not code.contains(start):
                certain = bool(absolute["scheme"] or match["target"])
                yield _link_start(text, start, absolute.end(), is_certain=certain)
        elif not (code.contains(start) or ELSEWHERE.match(text, start)):
            prefix = RELATIVE.match(text, start)
            name = prefix.end() if prefix else start
            yield _link_start(text, start, name, is_certain=False)


def _first_known(
    candidates: Iterable[Link], known: Collection[str], similar: Mapping[str, str]
) -> Link | None:
    for link in candidates:
        if link.path in known:
            return link
        if similar and (path := similar.get(fold_path(link.path))) is not None:
            return replace(link, path=path)
    return None


def _link_start(text: str, start: int, name: int, *, is_certain: bool) -> LinkStart:
    """Return the link that begins at `start`, with a path below the folder from `name` on."""
    reach = LINE.match(text, name, start + MAX_PATH)
    last = reach.end() if reach else name
    ends: list[int] = []
    for match in BOUNDARY.finditer(text, name, last):
        if len(ends) == MAX_ENDS:
            break
        ends.append(match.start())
    links = [
        link
        for end in sorted({*ends, last}, reverse=True)
        if end > name
        for link in _links(text, start, name, end)
    ]
    unknown = UNKNOWN_END.match(text, start, last)
    stop = unknown.end() if unknown else last
    shown = text[start:stop].rstrip(TRAILING)
    path = FOLDER + text[name:stop].rstrip(TRAILING)
    return LinkStart(tuple(links), Link(start, start + len(shown), shown, path), is_certain)


def _links(text: str, start: int, name: int, end: int) -> Iterator[Link]:
    plain = text[name:end]
    suffix = SUFFIX.match(text, end, end + MAX_SUFFIX)
    stop = suffix.end() if suffix else end
    # A name may contain `%`, `&`, or a backslash that Markdown requires before punctuation.
    forms = (plain, unquote(plain), ESCAPED.sub(r"\1", plain), unescape(plain))
    for form in dict.fromkeys(forms):
        yield Link(start, stop, text[start:stop], FOLDER + form)
