"""Parts in which the asynchronous client differs from the synchronous one.

`_backend_sync.py` has the same names, without Async.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, ParamSpec, TypeVar

import grpc

from cellblock_client._backend_sync import Channel, outcome
from cellblock_client.channel import Connection, Stubs
from cellblock_client.errors import (
    DeadlineExceededError,
    Error,
    ServerError,
    UnavailableError,
    from_call,
)
from cellblock_client.sending import Sending
from cellblock_client.tracing import Metadata

P = ParamSpec("P")
T = TypeVar("T")

CLOCK_SECONDS = 0.1
"""Maximum seconds by which gRPC's clock may see a deadline expire before ours."""
HIDDEN = "Internal error from Core"
"""Details that grpc.aio gives a call that ended during a send, whatever its status was.

Source: github.com/grpc/grpc/issues/36066.
"""


class AsyncChannel(Stubs):
    """A gRPC channel. It belongs to one event loop."""

    def __init__(self, connection: Connection) -> None:
        """Connect when the first call is made."""
        self._channel = connection.aio_channel()
        super().__init__(self._channel, connection.metadata)
        self._threads = Channel(connection)
        """Channel for `send`. It connects on its first use."""
        self._ending: set[Any] = set()
        """Streams whose last message was received, and whose status was not yet."""

    async def close(self) -> None:
        """Close the channel, which ends its calls."""
        self._threads.close()
        await self._channel.close()

    def let_end(self, responses: Any) -> None:  # noqa: ANN401 - gRPC's calls have no public type
        """Let a stream end in the background, so that its reader need not wait for its status.

        If it were cancelled now, the server would see a caller that left.
        """
        self._ending.add(responses)
        responses.add_done_callback(self._ending.discard)

    async def send(
        self, method: str, sending: Sending, timeout: float | None, traced: Metadata
    ) -> Any:  # noqa: ANN401 - the caller knows its message
        """Make a file call that streams requests, once; raises what their source raised.

        It runs in gRPC's threads: `grpc.aio` may lose the status of a server that responds early
        (grpc/grpc#36066), and the source must not be read in the event loop.
        """
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        call = self._threads.begin_sending(method, sending, timeout, traced)

        def set_ended(_call: object) -> None:
            # The loop is closed if this was cancelled when the loop ended.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(ended.set)

        try:
            call.add_done_callback(set_ended)
            await ended.wait()
            return outcome(call, sending)
        finally:
            call.cancel()
            sending.stop_reading()


def error_of_stream(failed: grpc.RpcError, left: float | None) -> Error:
    """Return the error for a stream that failed when there were `left` seconds."""
    error = from_call(failed)
    if not isinstance(error, ServerError) or error.message != HIDDEN:
        return error
    if left is not None and left < CLOCK_SECONDS:
        return DeadlineExceededError("the timeout of the call passed")
    # A retry gets the actual status from the server.
    return UnavailableError("the stream broke while it was being sent to")


async def sleep(seconds: float) -> None:
    """Wait while other tasks run."""
    await asyncio.sleep(seconds)


async def run_blocking(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a function that may take long, in a thread."""
    return await asyncio.to_thread(function, *args, **kwargs)
