"""Parts in which the synchronous client differs from the asynchronous one.

`_backend_async.py` has the same names; all other code of the synchronous client is generated.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, ParamSpec, TypeVar

import grpc

from cellblock_client.channel import Connection, Stubs
from cellblock_client.errors import Error, from_call
from cellblock_client.sending import Sending
from cellblock_client.tracing import Metadata

P = ParamSpec("P")
T = TypeVar("T")

MAX_ENDING = 8
"""Streams whose last message has come, and whose status may still be on its way."""


class Channel(Stubs):
    """A gRPC channel. Threads may share it."""

    def __init__(self, connection: Connection) -> None:
        """Connect when the first call is made."""
        self._channel = connection.channel()
        super().__init__(self._channel, connection.metadata)
        self._ending: deque[Any] = deque()

    def close(self) -> None:
        """Close the channel, which ends its calls."""
        self._channel.close()

    def let_end(self, responses: Any) -> None:  # noqa: ANN401 - gRPC's calls have no public type
        """Leave a stream to its end, which says no more: a caller need not wait for it.

        Cancelled at once, it would look to the server as if its caller had left.
        """
        self._ending.append(responses)
        if len(self._ending) > MAX_ENDING:
            self._ending.popleft().cancel()

    def send(self, method: str, sending: Sending, timeout: float | None, traced: Metadata) -> Any:  # noqa: ANN401 - the caller knows its message
        """Make a call of files that streams requests, once; raises what their source raised."""
        # As a future: an interrupt in the middle of a call can leave gRPC's locks held.
        call = self.begin_sending(method, sending, timeout, traced)
        try:
            return outcome(call, sending)
        finally:
            call.cancel()
            sending.stop()

    def begin_sending(
        self, method: str, sending: Sending, timeout: float | None, traced: Metadata
    ) -> Any:  # noqa: ANN401 - gRPC's futures have no public type
        """Begin what `send` does; its `outcome` comes later."""
        begin = getattr(self._stubs["file"], method).future
        return begin(_requests(sending), timeout=timeout, metadata=self._metadata + traced)


def outcome(call: Any, sending: Sending) -> Any:  # noqa: ANN401
    """Return the response of a call that has begun, when it has come."""
    response = None
    try:
        response = call.result()
    except grpc.RpcError as failed:
        if sending.failure is None:
            raise from_call(failed) from failed
    if sending.failure is not None:
        raise sending.failure
    return response


def _requests(sending: Sending) -> Iterator[Any]:
    while (request := sending.take()) is not None:
        yield request
        sending.taken()


def error_of_stream(failed: grpc.RpcError, _left: float | None) -> Error:
    """Return the error for a stream that failed."""
    return from_call(failed)


def sleep(seconds: float) -> None:
    """Wait."""
    time.sleep(seconds)


def run_blocking(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a function that may take long."""
    return function(*args, **kwargs)
