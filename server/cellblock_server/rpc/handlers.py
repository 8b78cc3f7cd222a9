"""Handlers of gRPC's four kinds, wrapped as two: with one response, or with a stream of them."""

import inspect
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import Any

import grpc

Handler = Any  # grpc's handlers are typed by their messages, which do not matter here
Continuation = Callable[[grpc.HandlerCallDetails], Awaitable[Handler]]
Context = Any
Single = Callable[[object, Context], Awaitable[object]]
Streaming = Callable[[object, Context], AsyncGenerator[object, None]]

Look = Callable[[Any], None]

_SINGLE = (grpc.unary_unary_rpc_method_handler, grpc.stream_unary_rpc_method_handler)
_STREAMING = (grpc.unary_stream_rpc_method_handler, grpc.stream_stream_rpc_method_handler)


def as_generator(handler: Any) -> Streaming:  # noqa: ANN401 - of either kind
    """A streaming handler as a generator: gRPC's health service writes its responses itself."""
    if not inspect.iscoroutinefunction(handler):
        streaming: Streaming = handler
        return streaming

    async def generate(request: object, context: Context) -> AsyncGenerator[object, None]:
        await handler(request, context)
        return
        yield

    return generate


def wrapped(
    handler: Handler,
    single: Callable[[Single], Single],
    streaming: Callable[[Streaming], Streaming],
) -> Handler:
    """The same handler with `single` or `streaming` around what it does."""
    behaviour: Single | Streaming
    if handler.response_streaming:
        make = _STREAMING[handler.request_streaming]
        behaviour = streaming(
            as_generator(
                handler.stream_stream if handler.request_streaming else handler.unary_stream
            )
        )
    else:
        make = _SINGLE[handler.request_streaming]
        behaviour = single(
            handler.stream_unary if handler.request_streaming else handler.unary_unary
        )
    return make(
        behaviour,
        request_deserializer=handler.request_deserializer,
        response_serializer=handler.response_serializer,
    )


def looked_at(request: object, look: Look) -> object:
    """The same request, or the same requests, whose first message `look` is called with.

    Interceptors run before a message has come: see `ReceivingInterceptor`.
    """
    if not hasattr(request, "__aiter__"):
        look(request)
        return request
    requests = request if isinstance(request, Requests) else Requests(request)
    requests.looks.append(look)
    return requests


class Requests:
    """The messages of a call as they come."""

    def __init__(self, received: Any) -> None:  # noqa: ANN401 - gRPC's iterator has no public type
        """Take them from gRPC's iterator, which warns if it is begun and never asked."""
        self._received = received
        self._iterator: AsyncIterator[Any] | None = None
        self.looks: list[Look] = []
        """Called with the first message."""

    def __aiter__(self) -> "Requests":
        """Iterate."""
        return self

    async def __anext__(self) -> Any:  # noqa: ANN401 - any message
        """The next one."""
        if self._iterator is None:
            self._iterator = aiter(self._received)
        message = await anext(self._iterator)
        if self.looks:
            looks, self.looks = self.looks, []
            for look in looks:
                look(message)
        return message
