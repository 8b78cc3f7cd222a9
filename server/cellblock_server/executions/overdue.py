"""Wait for the end of an execution, which its agent must report in time."""

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
    """Timeouts for an execution that doesn't end, in seconds."""

    silent: float = 10.0
    """Time past the time limit and its grace until the agent's status is checked: the sandbox may
    be paused."""
    answer: float = 10.0
    """Timeout of this check."""
    overdue: float = 60.0
    """Time past the time limit and its grace until the end is overdue: until then the agent may
    kill the kernel, start another one and scan files."""


async def until_ended(
    ended: asyncio.Event,
    limit: timedelta,
    agent: AgentConnection,
    waits_for_us: Callable[[], bool],
    timings: OverdueTimings,
) -> None:
    """Wait for `ended`. The agent enforces the time limit; this enforces it on the agent.

    `limit` is the execution's time limit with its grace. Raises AgentGoneError if the agent no
    longer responds, and ProtocolViolationError if it responds but the execution doesn't end;
    neither while the agent `waits_for_us`.
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
