"""Times of the agent that no operator sets, injected as one value at assembly.

Tests run a real agent with short times. Code in a kernel's process uses none of them. This module
is imported before the fork server starts, so it imports no other module of the agent.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class QuestionTimings:
    """Times of a question about code, in seconds."""

    answer: float = 5.0
    """Longest wait for an answer; then the kernel is interrupted. The first completion reads a lot,
    and the machine may be busy."""
    interrupted: float = 1.0
    """Longest wait for an answer after the interrupt."""
    lost_reply: float = 0.5
    """Wait for the reply after the kernel is idle again; an interrupted kernel sends none."""


@dataclass(frozen=True)
class CheckTimings:
    """Times of the checks that a kernel accepts code, in seconds."""

    accept: float = 10.0
    """Time within which a kernel must accept code."""
    heed: float = 2.0
    """Wait after that until the running code is interrupted, and again until the kernel is
    replaced."""
    settle: float = 0.2
    """Wait between an execution's end and its check; code that comes earlier replaces the check."""


@dataclass(frozen=True)
class Timings:
    """All times of the agent; the defaults are those of production."""

    questions: QuestionTimings = field(default_factory=QuestionTimings)
    check: CheckTimings = field(default_factory=CheckTimings)


DEFAULT_TIMINGS = Timings()
