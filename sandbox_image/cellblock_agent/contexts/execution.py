"""One execution: what was asked, how far it is, and who wants it to stop."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

from cellblock.agent.v1 import agent_pb2 as pb
from cellblock_agent.output.kept_output import KeptOutput
from cellblock_agent.output.limits import OutputMeter

# A kernel sends two messages at the end of a cell: a lost one must not hang an execution.
LOST_IDLE_SECONDS = 2.0
"""How long, after the reply, the last output and the word that it was the last may take. Then
the kernel is asked whether it is done: code may have sent the reply itself."""
LOST_REPLY_SECONDS = 0.5
"""How long, after that word, the reply may take, before the kernel is asked."""


@dataclass(frozen=True)
class StopRequest:
    """A wish that an execution ends."""

    outcome: pb.Outcome.ValueType
    message: str
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
    asked_nanos: int = 0
    """When the kernel was asked, since 1970."""
    begin_nanos: int = 0
    """When it began, since 1970."""
    end_nanos: int = 0
    """When the code was done."""
    idle: bool = False
    """Whether the kernel says that it is done."""
    reply: dict[str, Any] | None = None
    """Its answer to the request."""
    accepted: "asyncio.Future[None]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    """Set when the kernel's main thread has taken the code."""
    doubt: "asyncio.Future[None]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    """Set when one of the two messages at the end of a cell did not come."""
    done: "asyncio.Future[None]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    """Set at the end of the code, by the kernel's word."""
    stop: "asyncio.Future[StopRequest]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def request_stop(self, stop: StopRequest) -> None:
        """Ask for its end; the first wish counts."""
        if not self.stop.done():
            self.stop.set_result(stop)

    def time_limit(self) -> StopRequest:
        """The end by time."""
        message = f"time limit of {self.timeout:g} s reached"
        return StopRequest(pb.OUTCOME_TIME_LIMIT, message, self.grace)

    def note_begin(self, told_nanos: int | None) -> None:
        """The kernel says that it had the code at that time: the word of it may wait for others."""
        now = time.time_ns()
        self.begin_nanos = min(max(told_nanos or now, self.asked_nanos), now)
        self.begun.set()

    def note_idle(self) -> None:
        """The kernel says that it is done, and that all output has come."""
        if not self.idle:
            self.idle = True
            self._note_end(LOST_REPLY_SECONDS)

    def note_reply(self, reply: dict[str, Any]) -> None:
        """The kernel answers the request."""
        is_first, self.reply = self.reply is None, reply
        if is_first:
            self._note_end(LOST_IDLE_SECONDS)

    def note_accepted(self) -> None:
        """The kernel's main thread has the code."""
        if not self.accepted.done():
            self.accepted.set_result(None)

    def note_confirmed_end(self) -> None:
        """The kernel does something else by now."""
        self._set_done()

    def _note_end(self, left: float) -> None:
        if self.idle and self.reply is not None:
            self._set_done()
        else:
            asyncio.get_running_loop().call_later(left, self._set_doubt)

    def _set_doubt(self) -> None:
        if not self.done.done() and not self.doubt.done():
            self.doubt.set_result(None)

    def _set_done(self) -> None:
        if not self.done.done():
            self.end_nanos = time.time_ns()
            self.done.set_result(None)
