"""Handlers of gRPC's four kinds, wrapped as two: with one response, or with a stream of them."""

import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import grpc

Handler = Any  # grpc's handlers are typed by their messages, which do not matter here
Continuation = Callable[[grpc.HandlerCallDetails], Awaitable[Handler]]
Context = Any
Single = Callable[[object, Context], Awaitable[object]]
Streaming = Callable[[object, Context], AsyncGenerator[object, None]]

_SINGLE = (grpc.unary_unary_rpc_method_handler, grpc.stream_unary_rpc_method_handler)
_STREAMING = (grpc.unary_stream_rpc_method_handler, grpc.stream_stream_rpc_method_handler)


def _generator(handler: Any) -> Streaming:  # noqa: ANN401 - of either kind
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
            _generator(handler.stream_stream if handler.request_streaming else handler.unary_stream)
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
