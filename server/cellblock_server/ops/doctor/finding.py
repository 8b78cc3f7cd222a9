"""What a look at the machine finds."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum


class Level(Enum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    """It works, but it will not for long, or not as well as it could."""
    PROBLEM = "problem"
    """A server would not start, or could not run code, or is not safe."""


@dataclass(frozen=True)
class Finding:
    """One line."""

    check: str
    level: Level
    message: str
    advice: str = ""
    """What to do; empty if nothing."""


Findings = Iterator[Finding]


def ok(check: str, message: str) -> Finding:
    """All is well."""
    return Finding(check, Level.OK, message)


def warning(check: str, message: str, advice: str) -> Finding:
    """It could be better."""
    return Finding(check, Level.WARNING, message, advice)


def problem(check: str, message: str, advice: str) -> Finding:
    """It can't stay so."""
    return Finding(check, Level.PROBLEM, message, advice)
