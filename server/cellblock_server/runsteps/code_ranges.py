"""Code in a Markdown text: fenced blocks and code spans. Source: CommonMark 0.31."""

import re
from bisect import bisect_right
from collections import defaultdict

FENCE = re.compile(r"^ {0,3}(?P<fence>`{3,}|~{3,})(?P<info>[^\n]*)$", re.MULTILINE)
RUN = re.compile(r"\\`|`+")

Range = tuple[int, int]


class CodeRanges:
    """Positions of a text that are within code."""

    def __init__(self, text: str) -> None:
        """Find the code in `text`, in linear time."""
        fences = _fenced_blocks(text)
        self._ranges = sorted(fences + _code_spans(text, fences))
        self._starts = [start for start, _end in self._ranges]

    def contains(self, position: int) -> bool:
        """Return whether a position is within code."""
        index = bisect_right(self._starts, position) - 1
        return index >= 0 and position < self._ranges[index][1]


def _fenced_blocks(text: str) -> list[Range]:
    found: list[Range] = []
    opening: re.Match[str] | None = None
    for match in FENCE.finditer(text):
        fence, info = match["fence"], match["info"]
        if opening is None:
            if fence[0] == "~" or "`" not in info:
                opening = match
        elif fence.startswith(opening["fence"]) and not info.strip():
            found.append((opening.start(), match.end()))
            opening = None
    if opening is not None:
        found.append((opening.start(), len(text)))
    return found


def _code_spans(text: str, fences: list[Range]) -> list[Range]:
    runs = [run.span() for run in RUN.finditer(text) if run[0] != "\\`"]
    starts: dict[int, list[int]] = defaultdict(list)
    for start, end in runs:
        starts[end - start].append(start)
    blocks = iter([*fences, (len(text), len(text))])
    block = next(blocks)
    found: list[Range] = []
    position = 0
    for start, end in runs:
        while block[1] <= start and block[0] < len(text):
            block = next(blocks)
        if start < position or block[0] <= start < block[1]:
            continue
        same = starts[end - start]
        closing = bisect_right(same, start)
        if closing < len(same) and same[closing] < block[0]:
            position = same[closing] + end - start
            found.append((start, position))
    return found
