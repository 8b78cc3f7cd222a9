# Generated from `client/cellblock_client/_async/executions.py` by `make client`: change that.
"""Executions: their events, records and cancellation."""

from collections.abc import Iterator
from contextlib import closing

from cellblock.v1 import execution_pb2
from cellblock_client import calls
from cellblock_client._sync.transport import Transport
from cellblock_client.calls import CALL_SECONDS
from cellblock_client.code_stream import CodeStream
from cellblock_client.cursor import EventCursor, Start
from cellblock_client.errors import Error
from cellblock_client.events import Event
from cellblock_client.result import ExecutionResult, collect
from cellblock_client.retry import Deadline
from cellblock_client.types import ExecutionInfo


class RunResult(ExecutionResult):
    """Result of an execution, with the connection that can return its text for a model."""

    def __init__(
        self,
        execution: ExecutionInfo,
        events: list[Event],
        transport: Transport | None = None,
    ) -> None:
        """Use `Session.run` or `Execution.result`."""
        super().__init__(execution, events)
        self._transport = transport

    def for_model(self, max_characters: int = 0, *, timeout: float | None = CALL_SECONDS) -> str:
        """Return the text for a language model: the result of its tool call.

        It has the outputs in order, the traceback, the cause of a failure, and links to files, on
        at most `max_characters` characters (1,000 to 1,000,000; 0 means 20,000): the middle of long
        output is left out. The server makes it.
        """
        if self._transport is None:
            raise Error("the result has no connection: call client.executions.for_model")
        call = calls.get_model_text(self.execution.id, max_characters)
        return self._transport.call(call, timeout)

    def __reduce__(self) -> tuple[type[ExecutionResult], tuple[ExecutionInfo, list[Event]]]:
        """Copy and pickle it without the connection."""
        return ExecutionResult, (self.execution, self.events)


class Execution:
    """Code that runs. Iterate over its events, or call `result()`.

    After a broken connection it resumes: no event is lost or repeated.
    """

    def __init__(self, transport: "Transport", start: Start, timeout: float | None) -> None:
        """Use `Session.execute` or `Client.executions.watch`."""
        self._transport = transport
        self._timeout = timeout
        self._start = start
        self._cursor = EventCursor(start)
        self.id: str = start.execution_id
        """`call_…`"""

    def __iter__(self) -> Iterator[Event]:
        """Iterate over the events as they arrive, up to the last. Each event comes once."""
        try:
            with closing(self._transport.events(self._cursor, self._timeout)) as events:
                yield from events
        except Error as error:
            if self._cursor.failure is None:
                raise
            raise self._cursor.failure from error
        finally:
            if isinstance(self._start, CodeStream):
                self._start.close()

    def result(self) -> RunResult:
        """Wait for the end and return the result."""
        collected = collect(list(self))
        return RunResult(collected.execution, collected.events, self._transport)

    def for_model(self, max_characters: int = 0) -> str:
        """Wait for the end and return the text for a language model: see `RunResult`."""
        deadline = Deadline(self._timeout)
        for _ in self:
            pass
        call = calls.get_model_text(self.id, max_characters)
        left = deadline.left()
        return self._transport.call(call, CALL_SECONDS if left is None else left)

    def cancel(self, *, timeout: float | None = CALL_SECONDS) -> ExecutionInfo:
        """Interrupt the code. The last event has the outcome."""
        return self._transport.call(calls.cancel_execution(self.id), timeout)


class Executions:
    """Finds, lists, watches and cancels executions."""

    def __init__(self, transport: "Transport") -> None:
        """Use `Client.executions`."""
        self._transport = transport

    def get(self, execution_id: str, *, timeout: float | None = CALL_SECONDS) -> ExecutionInfo:
        """Return the record of an execution."""
        return self._transport.call(calls.get_execution(execution_id), timeout)

    def for_model(
        self,
        execution_id: str,
        max_characters: int = 0,
        *,
        timeout: float | None = CALL_SECONDS,
    ) -> str:
        """Return the text of an execution so far for a language model: see `RunResult`."""
        return self._transport.call(calls.get_model_text(execution_id, max_characters), timeout)

    def list(
        self, session_id: str, *, timeout: float | None = CALL_SECONDS
    ) -> Iterator[ExecutionInfo]:
        """Iterate over the executions of a session, oldest first."""
        return self._transport.items(
            lambda token: calls.list_executions(session_id, token), timeout
        )

    def watch(
        self, execution_id: str, from_sequence: int = 1, *, timeout: float | None = None
    ) -> Execution:
        """Watch the events of a running or past execution, starting at any number."""
        request = execution_pb2.WatchExecutionRequest(
            execution_id=execution_id, from_sequence=from_sequence
        )
        return Execution(self._transport, request, timeout)

    def cancel(self, execution_id: str, *, timeout: float | None = CALL_SECONDS) -> ExecutionInfo:
        """Interrupt an execution, or remove it from the queue."""
        return self._transport.call(calls.cancel_execution(execution_id), timeout)
