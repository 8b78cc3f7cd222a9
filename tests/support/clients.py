"""The synchronous and the asyncio client, class by class, with helpers to call both."""

import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from cellblock.v1 import session_pb2
from cellblock_client import (
    AsyncClient,
    AsyncExecution,
    AsyncSession,
    Client,
    Execution,
    Session,
    SessionInfo,
    aio,
    client,
)
from cellblock_client.types import session_info

PAIRS: dict[type, type] = {
    client.Client: aio.AsyncClient,
    client.Sessions: aio.AsyncSessions,
    client.Session: aio.AsyncSession,
    client.SessionFiles: aio.AsyncSessionFiles,
    client.Execution: aio.AsyncExecution,
    client.Executions: aio.AsyncExecutions,
    client.RunResult: aio.AsyncRunResult,
    client.Files: aio.AsyncFiles,
    client.RunSteps: aio.AsyncRunSteps,
    client.Admin: aio.AsyncAdmin,
}


def methods(kind: type) -> dict[str, Callable[..., Any]]:
    """Return the public methods of a class, by name."""
    return {
        name: member
        for name, member in vars(kind).items()
        if inspect.isfunction(member) and not name.startswith("_")
    }


def session_of(client: Client | AsyncClient) -> Any:
    """Return a session that was not requested from a server."""
    info: SessionInfo = session_info(
        session_pb2.Session(id="sess_1", state=session_pb2.SESSION_STATE_READY)
    )
    kind = Session if isinstance(client, Client) else AsyncSession
    return kind(client._transport, info)  # type: ignore[arg-type] # each with its own


def finish(given: Any) -> Any:
    """Read the result of a synchronous client's call to its end, and return it."""
    if isinstance(given, Execution):
        return given.result()
    return list(given) if isinstance(given, Iterator) else given


async def finish_async(given: Any) -> Any:
    """Read the result of an asyncio client's call to its end, and return it."""
    if isinstance(given, AsyncExecution):
        return await given.result()
    if isinstance(given, AsyncIterator):
        return [item async for item in given]
    return await given
