"""Times of what the server says to an agent, which no operator sets."""

from dataclasses import dataclass


@dataclass(frozen=True)
class AgentTimings:
    """Bounds on the waits for an agent, in seconds. It is hostile: nothing waits without one."""

    call: float = 60.0
    """Longest call that moves no file contents."""
    reconnect: float = 10.0
    """Longest answer of a sandbox that ran before this server: the server's start waits for it."""
    answer: float = 40.0
    """Longest answer of a kernel to a question about code; the agent's own bound is shorter."""
    piece: float = 60.0
    """Longest wait for the next piece of a file, or until the agent takes one."""
    unpack: float = 600.0
    """Longest unpacking of an archive; the agent's own bound is shorter."""
    order: float = 60.0
    """Longest wait until the agent takes an order or an acknowledgement."""
    end: float = 5.0
    """Longest question to the backend why a sandbox ended whose agent is gone."""
