"""Timeouts of the server's calls to an agent, which are not configurable."""

from dataclasses import dataclass


@dataclass(frozen=True)
class AgentTimings:
    """Timeouts for an agent, in seconds. The agent is untrusted: no wait is unbounded."""

    call: float = 60.0
    """Timeout of a call that moves no file contents."""
    reconnect: float = 10.0
    """Timeout of a sandbox that ran before this server, for whose response the start waits."""
    answer: float = 40.0
    """Timeout of a completion or inspection by the kernel; the agent's own timeout is shorter."""
    description: float = 60.0
    """Timeout of a description of the image; the agent's own timeouts are shorter."""
    piece: float = 60.0
    """Longest wait until the agent sends or accepts the next piece of a file."""
    unpack: float = 600.0
    """Timeout of unpacking an archive; the agent's own timeout is shorter."""
    order: float = 60.0
    """Longest wait until the agent accepts a request or an acknowledgement."""
    end: float = 5.0
    """Timeout of asking the backend why a sandbox ended whose agent is gone."""
