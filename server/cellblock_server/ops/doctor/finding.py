"""Findings of the checks of a machine."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum


class Level(Enum):
    """Severity of a finding."""

    OK = "ok"
    WARNING = "warning"
    """The server works, but not for long, or not as well as it could."""
    PROBLEM = "problem"
    """A server would not start, could not run code, or is not safe."""


@dataclass(frozen=True)
class Finding:
    """One finding of a check."""

    check: str
    level: Level
    message: str
    advice: str = ""
    """Advice on what to do; empty if nothing."""


Findings = Iterator[Finding]


def ok(check: str, message: str) -> Finding:
    """Return a finding without a problem."""
    return Finding(check, Level.OK, message)


def warning(check: str, message: str, advice: str) -> Finding:
    """Return a finding that could become a problem."""
    return Finding(check, Level.WARNING, message, advice)


def problem(check: str, message: str, advice: str) -> Finding:
    """Return a finding that must be fixed."""
    return Finding(check, Level.PROBLEM, message, advice)
