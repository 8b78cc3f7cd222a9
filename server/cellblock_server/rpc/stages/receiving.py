"""Inside of all guards: the request's message is received, in time and in turn.

gRPC receives the one message of a unary call before it calls the handler. A caller without a key
could have it hold megabytes for each of thousands of calls. So every method is served as one
whose requests stream: guards see a call when its headers have come, and its message is received
when they have let it in.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import grpc

from cellblock_server.common.errors import InvalidArgumentError, UnavailableError
from cellblock_server.rpc.connections.accepted import peer_address
from cellblock_server.rpc.handlers import (
    Context,
    Continuation,
    Handler,
    Requests,
    Single,
    Streaming,
    as_generator,
)

MAX_PARTLY_RECEIVED = 16
"""First messages of one connection that gRPC may hold parts of at once; others wait."""
LEAVING_SECONDS = 1.0
"""Time in which gRPC reports that a call was cancelled whose requests have ended."""


class ReceivingInterceptor(grpc.aio.ServerInterceptor):
    """Receives the first message of a call within a time; to be put inside of all others.

    What is around it sees methods whose requests stream, whatever they are.
    """

    def __init__(self, timeout: timedelta, most: int = MAX_PARTLY_RECEIVED) -> None:
        """Wait for `timeout`, and for `most` messages of a connection at once."""
        self._timeout = timeout.total_seconds()
        self._turns = _Turns(most)

    @property
    def received_at_once(self) -> int:
        """Calls whose first message is being received now, or that wait for their turn."""
        return self._turns.calls

    async def intercept_service(
        self, continuation: Continuation, details: grpc.HandlerCallDetails
    ) -> Handler:
        """Wrap the handler that would take the call."""
        handler = await continuation(details)
        if handler is None:
            return _UNKNOWN
        make = (
            grpc.stream_stream_rpc_method_handler
            if handler.response_streaming
            else grpc.stream_unary_rpc_method_handler
        )
        behaviour = (
            self._streaming(as_generator(_behaviour(handler)), streams=handler.request_streaming)
            if handler.response_streaming
            else self._single(_behaviour(handler), streams=handler.request_streaming)
        )
        return make(
            behaviour,
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )

    def _single(self, inner: Single, *, streams: bool) -> Single:
        async def call(requests: object, context: Context) -> object:
            return await inner(await self._received(requests, context, streams=streams), context)

        return call

    def _streaming(self, inner: Streaming, *, streams: bool) -> Streaming:
        async def call(requests: object, context: Context) -> AsyncGenerator[object, None]:
            request = await self._received(requests, context, streams=streams)
            async with aclosing(inner(request, context)) as responses:
                async for response in responses:
                    yield response

        return call

    async def _received(self, requests: Any, context: Context, *, streams: bool) -> object:  # noqa: ANN401
        """The one message; or all of them, of which the first one has come, if they stream.

        Raises UnavailableError if it does not come in time.
        """
        # All callers by a Unix socket have one name: each call has its own turn.
        peer = peer_address(context.peer()) or f"call {id(context)}"
        queue = self._turns.join(peer)
        try:
            async with asyncio.timeout(self._timeout), queue.free:
                first = await anext(aiter(requests), None)
        except TimeoutError as error:
            raise UnavailableError(
                "REQUEST_NOT_RECEIVED",
                f"the request did not arrive within {self._timeout:g} s (server.request_timeout)",
            ) from error
        finally:
            self._turns.leave(peer)
        if first is None and not streams:
            # The requests of a call that its caller has cancelled end as those of others.
            await asyncio.sleep(LEAVING_SECONDS)
            raise InvalidArgumentError("request", "is missing: the call has no message")
        return _after(first, requests) if streams else first


class _Turns:
    """Turns of the calls of each connection."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._queues: dict[str, _Queue] = {}

    @property
    def calls(self) -> int:
        """Calls that have their turn, or wait for it."""
        return sum(queue.calls for queue in self._queues.values())

    def join(self, peer: str) -> "_Queue":
        """The queue of a peer, for one more call, until it leaves."""
        queue = self._queues.get(peer)
        if queue is None:
            queue = self._queues[peer] = _Queue(asyncio.Semaphore(self._most))
        queue.calls += 1
        return queue

    def leave(self, peer: str) -> None:
        """Forget one call."""
        queue = self._queues[peer]
        queue.calls -= 1
        if not queue.calls:
            del self._queues[peer]


@dataclass
class _Queue:
    free: asyncio.Semaphore
    calls: int = field(default=0)


async def _after(first: object | None, requests: Requests) -> AsyncIterator[object]:
    """All messages, the first one included."""
    if first is None:
        return
    yield first
    async for request in requests:
        yield request


def _behaviour(handler: Handler) -> Any:  # noqa: ANN401 - one of four kinds of function
    return (
        handler.unary_unary or handler.unary_stream or handler.stream_unary or handler.stream_stream
    )


async def _refuse_unknown(_requests: object, context: Context) -> object:
    await context.abort(grpc.StatusCode.UNIMPLEMENTED, "no such method")
    raise AssertionError("abort always raises")


_UNKNOWN: Handler = grpc.stream_unary_rpc_method_handler(_refuse_unknown)
"""Handler of methods that there are not: guards see calls of them as all others."""
