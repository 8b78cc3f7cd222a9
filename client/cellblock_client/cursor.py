"""Positions in streams of events, from which a broken stream resumes without a gap."""

from typing import Any, Literal, Protocol, TypeVar

from cellblock.v1 import execution_pb2 as pb
from cellblock.v1 import run_step_pb2
from cellblock_client.code_stream import AsyncCodeStream, CodeStream
from cellblock_client.errors import ServerError
from cellblock_client.events import Completed, Event, event_of
from cellblock_client.run_step_types import RunStepEvent, run_step_event

Start = pb.ExecuteRequest | CodeStream | AsyncCodeStream | pb.WatchExecutionRequest
Response = pb.ExecuteResponse | pb.ExecuteStreamResponse | pb.WatchExecutionResponse
Taken = TypeVar("Taken")


class Cursor(Protocol[Taken]):
    """Position in a stream: builds the next request, and accepts responses."""

    @property
    def service(self) -> str:
        """Name of the service to call."""

    @property
    def done(self) -> bool:
        """Whether the stream is complete."""

    def request(self) -> tuple[str, Any]:
        """Return the call that resumes here."""

    def accept_response(self, response: Any, /) -> list[Taken]:  # noqa: ANN401 - each has its own
        """Accept a response; return its events, without kinds that this release does not know."""

    def end_of_stream(self) -> None:
        """Handle a stream that the server ended and that did not break."""


class EventCursor:
    """Position of a reader of an execution's events."""

    service = "execution"

    def __init__(self, start: Start) -> None:
        """Begin with the request `start`."""
        self._start = start
        self._next = start.from_sequence if isinstance(start, pb.WatchExecutionRequest) else 1
        self._seen = False
        self.done: bool = False
        """Whether the last event was received."""

    @property
    def failure(self) -> Exception | None:
        """Exception that the source of the code raised, if any."""
        if isinstance(self._start, CodeStream | AsyncCodeStream):
            return self._start.failure
        return None

    def request(self) -> tuple[Literal["Execute", "ExecuteStream", "WatchExecution"], Any]:
        """Return the call that resumes here.

        Repeating Execute is safe, because its execution has an id. If disconnecting is to cancel
        the execution, only Execute will do: a watcher that disconnects cancels nothing.
        """
        start = self._start
        if isinstance(start, pb.ExecuteRequest) and (not self._seen or start.cancel_on_disconnect):
            return "Execute", start
        if isinstance(self._start, CodeStream | AsyncCodeStream) and not self._seen:
            return "ExecuteStream", self._start.requests()
        watch = pb.WatchExecutionRequest(
            execution_id=self._start.execution_id, from_sequence=self._next
        )
        return "WatchExecution", watch

    def accept_response(self, response: Response) -> list[Event]:
        """Accept a response; return its events, without kinds that this release does not know."""
        events = []
        for message in response.events:
            if message.sequence < self._next and self._whole_again():
                continue
            if self._seen and message.sequence != self._next:
                raise ServerError(f"event {message.sequence} came instead of {self._next}")
            self._seen = True
            self._next = message.sequence + 1
            event = event_of(message)
            self.done = isinstance(event, Completed)
            if event is not None:
                events.append(event)
        return events

    def end_of_stream(self) -> None:
        """Raise unless the last event was received."""

    def _whole_again(self) -> bool:
        """Return whether a stream may repeat events that were received."""
        return isinstance(self._start, pb.ExecuteRequest) and self._start.cancel_on_disconnect


class StepCursor:
    """Position of a reader of run steps' events."""

    service = "run_step"

    def __init__(self, start: run_step_pb2.WatchRunStepsRequest) -> None:
        """Begin with the request `start`."""
        self._request = run_step_pb2.WatchRunStepsRequest()
        self._request.CopyFrom(start)
        self._seen = False
        self.done: bool = False
        """Whether the server has ended a stream: no event will follow."""

    def request(self) -> tuple[Literal["WatchRunSteps"], run_step_pb2.WatchRunStepsRequest]:
        """Return the call that resumes here."""
        return "WatchRunSteps", self._request

    def accept_response(self, response: run_step_pb2.WatchRunStepsResponse) -> list[RunStepEvent]:
        """Accept a response; return its event."""
        last = self._request
        same = response.step_id == last.after_step_id
        expected = last.after_sequence + 1 if same else 1
        if self._seen and response.sequence != expected:
            raise ServerError(
                f"event {response.sequence} of {response.step_id} came instead of {expected}"
            )
        self._seen = True
        # A copy, because gRPC may still be sending the previous request.
        self._request = run_step_pb2.WatchRunStepsRequest()
        self._request.CopyFrom(last)
        self._request.after_step_id = response.step_id
        self._request.after_sequence = response.sequence
        return [run_step_event(response)]

    def end_of_stream(self) -> None:
        """Mark the end: the run step, or the session, has ended."""
        self.done = True
