"""Waits for the end of an execution, which its agent owes us in time."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from cellblock_server.agent.checks import ProtocolViolationError
from cellblock_server.agent.connection import AgentConnection
from cellblock_server.agent.errors import AgentGoneError
from cellblock_server.common.waiting import set_within


@dataclass(frozen=True)
class OverdueTimings:
    """Times of an execution whose end does not come, in seconds."""

    silent: float = 10.0
    """After its time limit and its grace, until the agent is asked whether it answers: it may be
    paused, with all that is in the sandbox."""
    answer: float = 10.0
    """Longest answer to that question."""
    overdue: float = 60.0
    """After its time limit and its grace, until the end is overdue: meanwhile a kernel is killed,
    another one started, files are looked at."""


async def until_ended(
    ended: asyncio.Event,
    limit: timedelta,
    agent: AgentConnection,
    waits_for_us: Callable[[], bool],
    timings: OverdueTimings,
) -> None:
    """Wait for `ended`; the time limit is the agent's to hold, but ours to end.

    `limit` is that of the execution with its grace. Raises AgentGoneError if the agent does not
    answer any more, ProtocolViolationError if it does and the end does not come; but not while
    it `waits_for_us`.
    """
    seconds = limit.total_seconds()
    if await set_within(ended, seconds + timings.silent):
        return
    await _check(agent, timings.answer)
    patience = timings.overdue - timings.silent
    while not await set_within(ended, patience):
        if not waits_for_us():
            words = f"an execution without an end {seconds + timings.overdue:g} s after it began"
            raise ProtocolViolationError(words)
        patience = timings.overdue


async def _check(agent: AgentConnection, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await agent.status()
    except TimeoutError as error:
        words = f"no response for {seconds:g} s, and the time limit has passed"
        raise AgentGoneError(words) from error
