"""Makes calls, again where that is safe, and turns failures into our errors."""

import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import grpc

from cellblock.v1 import execution_pb2_grpc, file_pb2_grpc, session_pb2_grpc
from cellblock_client.calls import Call, Page
from cellblock_client.channel import OPTIONS
from cellblock_client.cursor import EventCursor
from cellblock_client.errors import DeadlineExceededError, UnavailableError, from_call
from cellblock_client.events import Event
from cellblock_client.retry import Backoff

T = TypeVar("T")


class Transport:
    """One connection, for ordinary code."""

    def __init__(self, address: str) -> None:
        """Connect to `address`."""
        self._channel = grpc.insecure_channel(address, options=OPTIONS)
        self._stubs: dict[str, Any] = {
            "session": session_pb2_grpc.SessionServiceStub(self._channel),
            "execution": execution_pb2_grpc.ExecutionServiceStub(self._channel),
            "file": file_pb2_grpc.FileServiceStub(self._channel),
        }

    def close(self) -> None:
        """Close the connection."""
        self._channel.close()

    def call(self, call: Call[T], timeout: float | None) -> T:
        """Make a call."""
        method = getattr(self._stubs[call.service], call.method)
        backoff = Backoff(timeout)
        while True:
            try:
                return call.parse(method(call.request, timeout=backoff.left()))
            except grpc.RpcError as failed:
                error = from_call(failed)
                if not call.repeatable:
                    raise error from failed
                time.sleep(backoff.wait_after(error))

    def pages(self, page: Callable[[str], Call[Page[T]]], timeout: float | None) -> Iterator[T]:
        """All items of a listing."""
        token = ""
        while True:
            found = self.call(page(token), timeout)
            yield from found.items
            token = found.next_token
            if not token:
                return

    def events(self, cursor: EventCursor, timeout: float | None) -> Iterator[Event]:
        """Events to the last, over as many streams as it takes."""
        backoff = Backoff(timeout)
        while not cursor.done:
            method, request = cursor.request()
            try:
                for response in self.stream("execution", method, request, backoff.left()):
                    backoff.progress()
                    event = cursor.take(response)
                    if event is not None:
                        yield event
            except (UnavailableError, DeadlineExceededError) as error:
                time.sleep(backoff.wait_after(error))

    def stream(
        self, service: str, method: str, request: object, timeout: float | None
    ) -> Iterator[Any]:
        """Responses of a streaming call."""
        responses = getattr(self._stubs[service], method)(request, timeout=timeout)
        try:
            yield from responses
        except grpc.RpcError as failed:
            raise from_call(failed) from failed
        finally:
            responses.cancel()

    def send(
        self, service: str, method: str, requests: Iterator[Any], timeout: float | None
    ) -> Any:  # noqa: ANN401 - the caller knows its message
        """Make a call that streams requests; not again, for they are used up."""
        try:
            return getattr(self._stubs[service], method)(requests, timeout=timeout)
        except grpc.RpcError as failed:
            raise from_call(failed) from failed
