"""Where a reader of an execution's events is, so that a broken stream goes on without a gap."""

from typing import Literal

from cellblock.v1 import execution_pb2 as pb
from cellblock_client.errors import ServerError
from cellblock_client.events import Completed, Event, event_of

Start = pb.ExecuteRequest | pb.WatchExecutionRequest
Response = pb.ExecuteResponse | pb.WatchExecutionResponse


class EventCursor:
    """Says what to ask next, and takes what came."""

    def __init__(self, start: Start) -> None:
        """Begin with `start`."""
        self._start = start
        self._next = start.from_sequence if isinstance(start, pb.WatchExecutionRequest) else 1
        self._seen = False
        self.done = False
        """Whether the last event has come."""

    def request(self) -> tuple[Literal["Execute", "WatchExecution"], Start]:
        """The call that goes on from here. Execute again is safe: its execution has an id."""
        if isinstance(self._start, pb.ExecuteRequest) and not self._seen:
            return "Execute", self._start
        watch = pb.WatchExecutionRequest(
            execution_id=self._start.execution_id, from_sequence=self._next
        )
        return "WatchExecution", watch

    def take(self, response: Response) -> Event | None:
        """The next event; None for one of a kind that this release does not know."""
        message = response.event
        if self._seen and message.sequence != self._next:
            raise ServerError(f"event {message.sequence} came instead of {self._next}")
        self._seen = True
        self._next = message.sequence + 1
        event = event_of(message)
        self.done = isinstance(event, Completed)
        return event
