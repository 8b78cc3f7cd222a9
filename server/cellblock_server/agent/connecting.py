"""Connect to the agent of a sandbox: a new one, or one that an earlier server started."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from cellblock.agent.v1 import agent_pb2 as pb
from cellblock_server.agent.checks import (
    ProtocolViolationError,
    check_count,
    check_execution_id,
    safe_words,
)
from cellblock_server.agent.connection import AgentConnection
from cellblock_server.agent.errors import AgentGoneError
from cellblock_server.agent.timings import AgentTimings
from cellblock_server.backends.backend import Backend
from cellblock_server.backends.sandbox import AgentTransport, SandboxEnd
from cellblock_server.common.errors import NotFoundError, UnavailableError, WrongStateError

log = structlog.get_logger(__name__)


async def connect_agent(
    backend: Backend,
    sandbox_id: str,
    token: str,
    timeout: timedelta,
    timings: AgentTimings | None = None,
) -> AgentConnection:
    """Wait for a new sandbox's agent and its first kernel.

    Raises UnavailableError (`SANDBOX_START_FAILED`) if the sandbox ends or doesn't respond in
    time, and HostileSandboxError.
    """
    timings = timings or AgentTimings()
    try:
        async with asyncio.timeout(timeout.total_seconds()):
            transport = await _connect_unless_it_ends(backend, sandbox_id)
            connection = AgentConnection(transport, token, timings)
            try:
                await connection.status()
            except BaseException:
                await connection.close()
                raise
            return connection
    except TimeoutError:
        problem, detail = f"no kernel within {timeout.total_seconds():g} s", ""
    except (AgentGoneError, NotFoundError, WrongStateError, ProtocolViolationError) as error:
        ended = await _how_it_ended(backend, sandbox_id, timings.end)
        problem = f"{error.message}; the sandbox {ended.words}"
        detail = "; ".join(filter(None, (error.detail, ended.detail)))
    text = await _last_log(backend, sandbox_id, timings.end)
    log.warning(
        "sandbox_start_failed", sandbox_id=sandbox_id, problem=problem, detail=detail, log=text
    )
    raise UnavailableError(
        "SANDBOX_START_FAILED",
        f"the sandbox could not be started: {problem}{_last_words(text)}",
        detail=detail,
    )


async def reconnect_agent(
    connect: Callable[[], Awaitable[AgentTransport]],
    token: str,
    timings: AgentTimings | None = None,
) -> tuple[AgentConnection, pb.GetStatusResponse]:
    """Connect to the agent of a sandbox that ran before this server did; return its status.

    `connect` is `Backend.connect` of the sandbox. Raises what `connect` raises, AgentGoneError
    and ProtocolViolationError, and nothing else.
    """
    timings = timings or AgentTimings()
    connection: AgentConnection | None = None
    try:
        async with asyncio.timeout(timings.reconnect):
            connection = AgentConnection(await connect(), token, timings)
            status = await connection.status()
        check_count("number of a kernel", status.kernel_generation)
        check_count("number of an event", status.acknowledged_sequence)
        if status.newest_execution_id:
            check_execution_id(status.newest_execution_id)
    except BaseException as error:
        if connection is not None:
            await connection.close()
        if isinstance(error, TimeoutError):
            raise AgentGoneError(f"no response within {timings.reconnect:g} s") from error
        if isinstance(error, WrongStateError):
            raise AgentGoneError(error.message) from error
        raise
    return connection, status


async def _connect_unless_it_ends(backend: Backend, sandbox_id: str) -> AgentTransport:
    connecting = asyncio.create_task(backend.connect(sandbox_id))
    ending = asyncio.create_task(backend.wait(sandbox_id))
    try:
        try:
            await asyncio.wait({connecting, ending}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (connecting, ending):
                task.cancel()
            await asyncio.gather(connecting, ending, return_exceptions=True)
    except BaseException:
        if not connecting.cancelled() and connecting.exception() is None:
            connecting.result().close()
        raise
    if not connecting.cancelled():
        return connecting.result()
    ending.result()  # raises if the engine is unavailable
    raise AgentGoneError("it ended before it listened")


async def _how_it_ended(backend: Backend, sandbox_id: str, seconds: float) -> SandboxEnd:
    try:
        async with asyncio.timeout(seconds):
            return await backend.wait(sandbox_id)
    except TimeoutError:
        return SandboxEnd("still runs")


async def _last_log(backend: Backend, sandbox_id: str, seconds: float) -> str:
    try:
        async with asyncio.timeout(seconds):
            return await backend.last_log(sandbox_id)
    except TimeoutError:
        return ""


def _last_words(text: str) -> str:
    """Return the last non-empty line of a log, without the frames of a traceback."""
    lines = [line.strip(" |+-") for line in text.splitlines()]
    last = next((line for line in reversed(lines) if line), "")
    return f"; last line of its log: {safe_words(last)}" if last else ""
