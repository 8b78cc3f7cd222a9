# Generated from `client/cellblock_client/_async/executions.py` by `make client`: change that.
"""Executions: their events, their records, their ends."""

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
from cellblock_client.types import ExecutionInfo


class Execution:
    """Code that runs. Iterate over its events, or take its `result()`.

    A broken connection is made up for: no event is lost, none comes twice.
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
        """Its events, as they come, to the last; once."""
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

    def result(self) -> ExecutionResult:
        """Wait for its end and return all that it showed."""
        return collect(list(self))

    def cancel(self, *, timeout: float | None = CALL_SECONDS) -> ExecutionInfo:
        """Interrupt it; its events tell the end."""
        return self._transport.call(calls.cancel_execution(self.id), timeout)


class Executions:
    """Finds executions."""

    def __init__(self, transport: "Transport") -> None:
        """Use `Client.executions`."""
        self._transport = transport

    def get(self, execution_id: str, *, timeout: float | None = CALL_SECONDS) -> ExecutionInfo:
        """An execution's record."""
        return self._transport.call(calls.get_execution(execution_id), timeout)

    def list(
        self, session_id: str, *, timeout: float | None = CALL_SECONDS
    ) -> Iterator[ExecutionInfo]:
        """A session's executions, oldest first."""
        return self._transport.items(
            lambda token: calls.list_executions(session_id, token), timeout
        )

    def watch(
        self, execution_id: str, from_sequence: int = 1, *, timeout: float | None = None
    ) -> Execution:
        """The events of a live or past execution, from any number on."""
        request = execution_pb2.WatchExecutionRequest(
            execution_id=execution_id, from_sequence=from_sequence
        )
        return Execution(self._transport, request, timeout)

    def cancel(self, execution_id: str, *, timeout: float | None = CALL_SECONDS) -> ExecutionInfo:
        """Interrupt an execution, or take it from the queue."""
        return self._transport.call(calls.cancel_execution(execution_id), timeout)
