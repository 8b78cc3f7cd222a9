"""What a sandbox may say in one execution before it is taken for a hostile one."""

from cellblock.agent.v1 import agent_pb2 as pb
from cellblock_server.executions.translate import ProtocolViolationError

SLACK = 2
"""Our agents stay well below this times their limits."""
SLACK_BYTES = 2**20
SLACK_EVENTS = 10_000
"""For what has no limit of its own: errors, the end, and what is said between executions."""


class Allowance:
    """Counts down what is left of one execution's bounds.

    The agent holds the code to its limits. This holds the agent to them, in case
    user code has got hold of it: the server's disk is not its to fill.
    """

    def __init__(self, limits: pb.OutputLimits) -> None:
        """Allow twice what `limits` say."""
        self._bytes = SLACK_BYTES + SLACK * (
            limits.max_text_bytes
            + limits.max_rich_bytes
            + limits.max_images * limits.max_image_bytes
        )
        self._events = SLACK_EVENTS + SLACK * limits.max_events

    def spend(self, event: pb.Event) -> None:
        """Take an event from it. Raises ProtocolViolationError once nothing is left."""
        self._bytes -= event.ByteSize()
        self._events -= 1
        if self._bytes < 0 or self._events < 0:
            raise ProtocolViolationError("more output than it may show")
