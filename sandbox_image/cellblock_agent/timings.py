"""Times that no operator sets, as one value that is handed in when the agent is assembled.

Tests run a real agent with short ones. What runs in a kernel's process has none of them. This
module is imported before the fork server is started, so it imports nothing of the agent's.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class QuestionTimings:
    """Times of a question about code, in seconds."""

    answer: float = 5.0
    """Longest answer; then the kernel is interrupted. The first completion has a lot to read, on a
    busy machine."""
    interrupted: float = 1.0
    """Longest answer to the interrupt."""
    lost_reply: float = 0.5
    """After the kernel is idle again, until its reply counts as lost: an interrupted kernel sends
    none."""


@dataclass(frozen=True)
class CheckTimings:
    """How long a kernel is waited for, in seconds."""

    accept: float = 10.0
    """Until a kernel must have taken code that it was given."""
    heed: float = 2.0
    """From then until what it runs is interrupted, and once more until it is replaced."""
    settle: float = 0.2
    """After an execution's end until the kernel is asked; code that comes first is a check, too."""


@dataclass(frozen=True)
class Timings:
    """All of them; the defaults are those of an agent."""

    questions: QuestionTimings = field(default_factory=QuestionTimings)
    check: CheckTimings = field(default_factory=CheckTimings)


DEFAULT_TIMINGS = Timings()
