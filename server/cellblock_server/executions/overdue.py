"""Waits for the end of an execution, which its agent owes us in time."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

from cellblock_server.agent.checks import ProtocolViolationError
from cellblock_server.agent.connection import AgentConnection
from cellblock_server.agent.errors import AgentGoneError
from cellblock_server.common.waiting import set_within

SILENT_SECONDS = 10.0
"""How long after its time limit and its grace an execution's end may come before the agent is asked
whether it is there: it may be stopped, with all that is in the sandbox."""
ANSWER_SECONDS = 10.0
"""How long it may take to say so."""
OVERDUE_SECONDS = 60.0
"""How long after its time limit and its grace an execution's end may come: a kernel is killed,
another one started, files are looked at."""


async def until_ended(
    ended: asyncio.Event,
    limit: timedelta,
    agent: AgentConnection,
    waits_for_us: Callable[[], bool],
) -> None:
    """Wait for `ended`; the time limit is the agent's to hold, but ours to end.

    `limit` is that of the execution with its grace. Raises AgentGoneError if the agent does not
    answer any more, ProtocolViolationError if it does and the end does not come; but not while
    it `waits_for_us`.
    """
    seconds = limit.total_seconds()
    if await set_within(ended, seconds + SILENT_SECONDS):
        return
    await _check(agent)
    patience = OVERDUE_SECONDS - SILENT_SECONDS
    while not await set_within(ended, patience):
        if not waits_for_us():
            words = f"an execution without an end {seconds + OVERDUE_SECONDS:g} s after it began"
            raise ProtocolViolationError(words)
        patience = OVERDUE_SECONDS


async def _check(agent: AgentConnection) -> None:
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            await agent.status()
    except TimeoutError as error:
        words = f"nothing for {ANSWER_SECONDS:g} s, and the time limit is over"
        raise AgentGoneError(words) from error
