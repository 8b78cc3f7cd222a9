"""Executions: their events, records and cancellation."""

from collections.abc import AsyncIterator
from contextlib import aclosing

from cellblock.v1 import execution_pb2
from cellblock_client import calls
from cellblock_client._async.transport import AsyncTransport
from cellblock_client.calls import CALL_SECONDS
from cellblock_client.code_stream import AsyncCodeStream
from cellblock_client.cursor import EventCursor, Start
from cellblock_client.errors import Error
from cellblock_client.events import Event
from cellblock_client.result import ExecutionResult, collect
from cellblock_client.retry import Deadline
from cellblock_client.types import ExecutionInfo


class AsyncRunResult(ExecutionResult):
    """Result of an execution, with the connection that can return its text for a model."""

    def __init__(
        self,
        execution: ExecutionInfo,
        events: list[Event],
        transport: AsyncTransport | None = None,
    ) -> None:
        """Use `AsyncSession.run` or `AsyncExecution.result`."""
        super().__init__(execution, events)
        self._transport = transport

    async def for_model(
        self, max_characters: int = 0, *, timeout: float | None = CALL_SECONDS
    ) -> str:
        """Return the text for a language model: the result of its tool call.

        It has the outputs in order, the traceback, the cause of a failure, and links to files, on
        at most `max_characters` characters (1,000 to 1,000,000; 0 means 20,000): the middle of long
        output is left out. The server makes it.
        """
        if self._transport is None:
            raise Error("the result has no connection: call client.executions.for_model")
        call = calls.get_model_text(self.execution.id, max_characters)
        return await self._transport.call(call, timeout)

    def __reduce__(self) -> tuple[type[ExecutionResult], tuple[ExecutionInfo, list[Event]]]:
        """Copy and pickle it without the connection."""
        return ExecutionResult, (self.execution, self.events)


class AsyncExecution:
    """Code that runs. Iterate over its events, or call `result()`.

    After a broken connection it resumes: no event is lost or repeated.
    """

    def __init__(self, transport: "AsyncTransport", start: Start, timeout: float | None) -> None:
        """Use `AsyncSession.execute` or `AsyncClient.executions.watch`."""
        self._transport = transport
        self._timeout = timeout
        self._start = start
        self._cursor = EventCursor(start)
        self.id: str = start.execution_id
        """`call_…`"""

    async def __aiter__(self) -> AsyncIterator[Event]:
        """Iterate over the events as they arrive, up to the last. Each event comes once."""
        try:
            async with aclosing(self._transport.events(self._cursor, self._timeout)) as events:
                async for event in events:
                    yield event
        except Error as error:
            if self._cursor.failure is None:
                raise
            raise self._cursor.failure from error
        finally:
            if isinstance(self._start, AsyncCodeStream):
                await self._start.close()

    async def result(self) -> AsyncRunResult:
        """Wait for the end and return the result."""
        collected = collect([event async for event in self])
        return AsyncRunResult(collected.execution, collected.events, self._transport)

    async def for_model(self, max_characters: int = 0) -> str:
        """Wait for the end and return the text for a language model: see `AsyncRunResult`."""
        deadline = Deadline(self._timeout)
        async for _ in self:
            pass
        call = calls.get_model_text(self.id, max_characters)
        left = deadline.left()
        return await self._transport.call(call, CALL_SECONDS if left is None else left)

    async def cancel(self, *, timeout: float | None = CALL_SECONDS) -> ExecutionInfo:
        """Interrupt the code. The last event has the outcome."""
        return await self._transport.call(calls.cancel_execution(self.id), timeout)


class AsyncExecutions:
    """Finds, lists, watches and cancels executions."""

    def __init__(self, transport: "AsyncTransport") -> None:
        """Use `AsyncClient.executions`."""
        self._transport = transport

    async def get(
        self, execution_id: str, *, timeout: float | None = CALL_SECONDS
    ) -> ExecutionInfo:
        """Return the record of an execution."""
        return await self._transport.call(calls.get_execution(execution_id), timeout)

    async def for_model(
        self,
        execution_id: str,
        max_characters: int = 0,
        *,
        timeout: float | None = CALL_SECONDS,
    ) -> str:
        """Return the text of an execution so far for a language model: see `AsyncRunResult`."""
        return await self._transport.call(
            calls.get_model_text(execution_id, max_characters), timeout
        )

    def list(
        self, session_id: str, *, timeout: float | None = CALL_SECONDS
    ) -> AsyncIterator[ExecutionInfo]:
        """Iterate over the executions of a session, oldest first."""
        return self._transport.items(
            lambda token: calls.list_executions(session_id, token), timeout
        )

    def watch(
        self, execution_id: str, from_sequence: int = 1, *, timeout: float | None = None
    ) -> AsyncExecution:
        """Watch the events of a running or past execution, starting at any number."""
        request = execution_pb2.WatchExecutionRequest(
            execution_id=execution_id, from_sequence=from_sequence
        )
        return AsyncExecution(self._transport, request, timeout)

    async def cancel(
        self, execution_id: str, *, timeout: float | None = CALL_SECONDS
    ) -> ExecutionInfo:
        """Interrupt an execution, or remove it from the queue."""
        return await self._transport.call(calls.cancel_execution(execution_id), timeout)
