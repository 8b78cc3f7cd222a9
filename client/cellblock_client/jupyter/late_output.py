"""Output that code writes after its cell has ended: from threads, tasks and child processes.

A session keeps the newest part of it as one text. A kernel that runs code polls that text, and
publishes what is new.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class PollTimings:
    """Times of the poll for late output, in seconds."""

    shortest: float = 0.25
    """Pause after a cell and after new output."""
    longest: float = 5.0
    """Pause while nothing happens: each pause is twice as long as the one before."""


def added_text(before: str, now: str) -> str:
    """Return what was added to a text that may have lost its beginning meanwhile.

    The longest end of `before` with which `now` begins was known (Knuth, Morris and Pratt).
    """
    if now.startswith(before):
        return now[len(before) :]
    borders = [0] * len(now)
    for place in range(1, len(now)):
        borders[place] = _match_next(now, borders, borders[place - 1], now[place])
    known = 0
    for character in before:
        known = _match_next(now, borders, known, character)
    return now[known:]


def _match_next(pattern: str, borders: list[int], matched: int, character: str) -> int:
    """Return how much of `pattern` matches after one more character."""
    if matched == len(pattern):
        matched = borders[-1] if borders else 0
    while matched and pattern[matched] != character:
        matched = borders[matched - 1]
    return matched + 1 if pattern and pattern[matched] == character else 0
