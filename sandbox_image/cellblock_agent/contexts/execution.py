"""State of one execution: its request, its progress and its stop request."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

from cellblock.agent.v1 import agent_pb2 as pb
from cellblock_agent.output.kept_output import KeptOutput
from cellblock_agent.output.limits import OutputMeter

# A kernel sends two messages at the end of a cell. If one is lost, the execution must still end.
LOST_IDLE_SECONDS = 2.0
"""Seconds between the reply and the last output with its idle status. After that the agent asks the
kernel whether it is done: user code may have sent the reply itself."""
LOST_REPLY_SECONDS = 0.5
"""Seconds between the idle status and the reply, before the agent asks the kernel."""


@dataclass(frozen=True)
class StopRequest:
    """Request that an execution ends."""

    outcome: pb.Outcome.ValueType
    message: str
    grace: float
    """Seconds between the interrupt and the kill; 0 kills immediately."""


@dataclass
class Execution:
    """Code that the kernel runs, with its limits and its progress."""

    id: str
    code: str
    timeout: float
    grace: float
    meter: OutputMeter
    kept: KeptOutput
    """Complete text that the code writes to its streams."""
    environment: dict[str, str]
    """Environment variables of this execution only."""
    message_id: str = ""
    """Id of the Jupyter request that runs the code."""
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the kernel reports that it runs the code: before, it ignores interrupts."""
    asked_nanos: int = 0
    """Time of the request to the kernel, in nanoseconds since 1970."""
    begin_nanos: int = 0
    """Time at which the code began, in nanoseconds since 1970."""
    end_nanos: int = 0
    """Time at which the code ended, in nanoseconds since 1970."""
    idle: bool = False
    """Whether the kernel has reported that it is idle."""
    reply: dict[str, Any] | None = None
    """Kernel's reply to the request."""
    accepted: "asyncio.Future[None]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    """Set when the kernel's main thread has accepted the code."""
    doubt: "asyncio.Future[None]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    """Set when one of the two messages at the end of a cell is missing."""
    done: "asyncio.Future[None]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    """Set when the kernel reports the end of the code."""
    stop: "asyncio.Future[StopRequest]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def request_stop(self, stop: StopRequest) -> None:
        """Request the end of the execution; the first request is the one that applies."""
        if not self.stop.done():
            self.stop.set_result(stop)

    def time_limit(self) -> StopRequest:
        """Return the stop request of the time limit."""
        message = f"time limit of {self.timeout:g} s reached"
        return StopRequest(pb.OUTCOME_TIME_LIMIT, message, self.grace)

    def note_begin(self, reported_nanos: int | None) -> None:
        """Record when the kernel began to run the code; its message may arrive later."""
        now = time.time_ns()
        self.begin_nanos = min(max(reported_nanos or now, self.asked_nanos), now)
        self.begun.set()

    def note_idle(self) -> None:
        """Record that the kernel is idle, after all output has arrived."""
        if not self.idle:
            self.idle = True
            self._note_end(LOST_REPLY_SECONDS)

    def note_reply(self, reply: dict[str, Any]) -> None:
        """Record the kernel's reply to the request."""
        is_first, self.reply = self.reply is None, reply
        if is_first:
            self._note_end(LOST_IDLE_SECONDS)

    def note_accepted(self) -> None:
        """Record that the kernel's main thread has accepted the code."""
        if not self.accepted.done():
            self.accepted.set_result(None)

    def note_confirmed_end(self) -> None:
        """Record that the kernel has answered a later request, which proves that the code ended."""
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
