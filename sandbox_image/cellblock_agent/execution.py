"""One execution: what was asked, how far it is, and who wants it to stop."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from cellblock.agent.v1 import agent_pb2 as pb
from cellblock_agent.kept_output import KeptOutput
from cellblock_agent.limits import OutputMeter

# A kernel sends two messages at the end of a cell: a lost one must not hang an execution.
LOST_IDLE_SECONDS = 2.0
"""How long, after the reply, the last output and the word that it was the last may take."""
LOST_REPLY_SECONDS = 0.5
"""How long, after that word, the reply may take; all that it adds is the cell's number."""


@dataclass(frozen=True)
class Stop:
    """A wish that an execution ends."""

    outcome: pb.Outcome.ValueType
    words: str
    grace: float
    """Seconds between the interrupt and the kill; 0 kills at once."""


@dataclass
class Execution:
    """One piece of code that the kernel runs."""

    id: str
    code: str
    timeout: float
    grace: float
    meter: OutputMeter
    kept: KeptOutput
    """All that it writes to its streams."""
    environment: dict[str, str]
    """Variables that it has and the next one has not."""
    message_id: str = ""
    """The Jupyter request that it became."""
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the kernel says that it has the code: before, it ignores interrupts."""
    idle: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the kernel says that it is done."""
    reply: "asyncio.Future[dict[str, Any]]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    stop: "asyncio.Future[Stop]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def request_stop(self, stop: Stop) -> None:
        """Ask for its end; the first wish counts."""
        if not self.stop.done():
            self.stop.set_result(stop)

    def time_limit(self) -> Stop:
        """The end by time."""
        words = f"time limit of {self.timeout:g} s reached"
        return Stop(pb.OUTCOME_TIME_LIMIT, words, self.grace)

    async def until_done(self) -> None:
        """Wait for the end of the code, by the kernel's word."""
        idle = asyncio.create_task(self.idle.wait())
        both: set[asyncio.Future[Any]] = {idle, self.reply}
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            left = LOST_IDLE_SECONDS if self.reply.done() else LOST_REPLY_SECONDS
            await asyncio.wait(both, timeout=left)
        finally:
            idle.cancel()
