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
"""Maximum number of streams whose last message was received, but perhaps not their status."""


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
        """Let a stream end in the background, so that its reader need not wait for its status.

        If it were cancelled now, the server would see a caller that left.
        """
        self._ending.append(responses)
        if len(self._ending) > MAX_ENDING:
            self._ending.popleft().cancel()

    def send(self, method: str, sending: Sending, timeout: float | None, traced: Metadata) -> Any:  # noqa: ANN401 - the caller knows its message
        """Make a file call that streams requests, once; raises what their source raised."""
        # As a future: an interrupt in the middle of a call can leave gRPC's locks held.
        call = self.begin_sending(method, sending, timeout, traced)
        try:
            return outcome(call, sending)
        finally:
            call.cancel()
            sending.stop_reading()

    def begin_sending(
        self, method: str, sending: Sending, timeout: float | None, traced: Metadata
    ) -> Any:  # noqa: ANN401 - gRPC's futures have no public type
        """Begin the call that `send` makes; wait for it with `outcome`."""
        begin = getattr(self._stubs["file"], method).future
        return begin(_requests(sending), timeout=timeout, metadata=self._metadata + traced)


def outcome(call: Any, sending: Sending) -> Any:  # noqa: ANN401
    """Wait for the response of a call that has begun, and return it."""
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
    while (request := sending.next_request()) is not None:
        yield request
        sending.mark_sent()


def error_of_stream(failed: grpc.RpcError, _left: float | None) -> Error:
    """Return the error for a stream that failed."""
    return from_call(failed)


def sleep(seconds: float) -> None:
    """Wait."""
    time.sleep(seconds)


def run_blocking(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a function that may take long."""
    return function(*args, **kwargs)
