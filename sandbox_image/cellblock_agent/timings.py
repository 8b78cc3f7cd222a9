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
class Timings:
    """All of them; the defaults are those of an agent."""

    questions: QuestionTimings = field(default_factory=QuestionTimings)


DEFAULT_TIMINGS = Timings()
