"""Where a reader of events is, so that a broken stream goes on without a gap."""

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
    """Says what to ask next, and takes what came."""

    @property
    def service(self) -> str:
        """Whom to ask."""

    @property
    def done(self) -> bool:
        """Whether there is no more to come."""

    def request(self) -> tuple[str, Any]:
        """The call that goes on from here."""

    def take(self, response: Any, /) -> list[Taken]:  # noqa: ANN401 - each has its own
        """The next events, without those of a kind that this release does not know."""

    def end_of_stream(self) -> None:
        """The server ended a stream, and it did not break."""


class EventCursor:
    """A reader of an execution's events."""

    service = "execution"

    def __init__(self, start: Start) -> None:
        """Begin with `start`."""
        self._start = start
        self._next = start.from_sequence if isinstance(start, pb.WatchExecutionRequest) else 1
        self._seen = False
        self.done: bool = False
        """Whether the last event has come."""

    @property
    def failure(self) -> Exception | None:
        """What the source of the code raised, if it did."""
        if isinstance(self._start, CodeStream | AsyncCodeStream):
            return self._start.failure
        return None

    def request(self) -> tuple[Literal["Execute", "ExecuteStream", "WatchExecution"], Any]:
        """The call that goes on from here. Execute again is safe: its execution has an id.

        Where leaving is to cancel, only Execute will do: no watcher's leaving cancels anything.
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

    def take(self, response: Response) -> list[Event]:
        """The next events, without those of a kind that this release does not know."""
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
        """Only the last event is the end."""

    def _whole_again(self) -> bool:
        """Whether a stream may begin with what has been seen."""
        return isinstance(self._start, pb.ExecuteRequest) and self._start.cancel_on_disconnect


class StepCursor:
    """A reader of run steps' events."""

    service = "run_step"

    def __init__(self, start: run_step_pb2.WatchRunStepsRequest) -> None:
        """Begin with `start`."""
        self._request = run_step_pb2.WatchRunStepsRequest()
        self._request.CopyFrom(start)
        self._seen = False
        self.done: bool = False
        """Whether the server has ended a stream: there is nothing more to watch."""

    def request(self) -> tuple[Literal["WatchRunSteps"], run_step_pb2.WatchRunStepsRequest]:
        """The call that goes on from here."""
        return "WatchRunSteps", self._request

    def take(self, response: run_step_pb2.WatchRunStepsResponse) -> list[RunStepEvent]:
        """The next event."""
        last = self._request
        same = response.step_id == last.after_step_id
        expected = last.after_sequence + 1 if same else 1
        if self._seen and response.sequence != expected:
            raise ServerError(
                f"event {response.sequence} of {response.step_id} came instead of {expected}"
            )
        self._seen = True
        # A new one: gRPC may still be sending the other.
        self._request = run_step_pb2.WatchRunStepsRequest()
        self._request.CopyFrom(last)
        self._request.after_step_id = response.step_id
        self._request.after_sequence = response.sequence
        return [run_step_event(response)]

    def end_of_stream(self) -> None:
        """The run step, or the session, has ended."""
        self.done = True
