"""One pipeline for all calls: each passes the same stages, in the order of one list.

gRPC has handlers of four kinds, and receives the one message of a unary request before it calls the
handler. A caller without a key could have it hold megabytes for each of thousands of calls. So
every method is served as one whose requests stream: the stages see a call when its headers have
come, and the last one, `ReceivingStage`, receives its message when they have let it in.
"""

import inspect
from abc import ABC, abstractmethod
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Iterable,
    Sequence,
)
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing
from dataclasses import dataclass
from typing import Any, Protocol

import grpc

from cellblock_server.common.interruptible import Interruptible
from cellblock_server.rpc.permissions import OPEN, UNKNOWN

Handler = Any  # grpc's handlers are typed by their messages, which do not matter here
Continuation = Callable[[grpc.HandlerCallDetails], Awaitable[Handler]]
Context = Any
Single = Callable[[Any, Context], Awaitable[object]]
Streaming = Callable[[Any, Context], AsyncGenerator[object, None]]
Look = Callable[[Any], None]


@dataclass(frozen=True)
class Method:
    """A method of a service, or all methods that do not exist."""

    name: str
    """`/service/method`, or `UNKNOWN`."""
    streams_requests: bool
    streams_responses: bool
    exists: bool = True

    @property
    def rpc(self) -> str:
        """Return the name without the service."""
        return self.name.rpartition("/")[2]

    @property
    def is_open(self) -> bool:
        """Whether the method needs no key."""
        return self.name in OPEN

    @property
    def streams(self) -> bool:
        """Whether its requests or its responses are a stream."""
        return self.streams_requests or self.streams_responses


class Sending(Protocol):
    """Work around each message of a stream while gRPC sends it."""

    async def before(self, response: object) -> None:
        """Do the work before a message is given to gRPC."""

    def after(self) -> None:
        """Do the work when gRPC asks for the next message."""


class Call:
    """One call on its way through the pipeline."""

    def __init__(self, method: Method, context: Context, requests: "Requests") -> None:
        """Begin with `requests` that have not been received."""
        self.method = method
        self.context = context
        self.request: Any = requests
        """Argument of the servicer: the requests, or the one message once it has been received."""
        self._requests = requests
        self._looks: list[Look] = []
        self._sendings: list[Sending] = []

    def look_at_request(self, look: Look) -> None:
        """Have `look` called with the first request, when it has been received."""
        self._requests.looks.append(look)

    def look_at_responses(self, look: Look) -> None:
        """Have `look` called with each response, before gRPC gets it."""
        self._looks.append(look)

    def while_sending(self, sending: Sending) -> None:
        """Have `sending` called around each response of a stream."""
        self._sendings.append(sending)

    def responded(self, response: object) -> None:
        """Show a response to the stages."""
        for look in self._looks:
            look(response)

    async def before_sending(self, response: object) -> None:
        """Notify the stages, the innermost first, that gRPC gets a response of a stream."""
        for sending in reversed(self._sendings):
            await sending.before(response)
        self.responded(response)

    def after_sending(self) -> None:
        """Notify the stages, the outermost first, that gRPC asks for the next response."""
        for sending in self._sendings:
            sending.after()


class Pause:
    """Delays an interruption while gRPC sends a message: see `Interruptible`."""

    def __init__(self, interruptible: Interruptible[Any]) -> None:
        """Pause `interruptible`."""
        self._interruptible = interruptible

    async def before(self, response: object) -> None:
        """Pause before a message is given to gRPC."""
        self._interruptible.pause()

    def after(self) -> None:
        """Resume when gRPC asks for the next message."""
        self._interruptible.resume()


class Stage(ABC):
    """A step that every call passes, or every call of some methods."""

    def applies_to(self, method: Method) -> bool:
        """Whether calls of a method pass it; asked once for each method."""
        return True

    @abstractmethod
    def during(self, call: Call) -> AbstractAsyncContextManager[None]:
        """Return a block in which the call passes the stages after this one, and is served.

        An error that it raises when it is entered refuses the call. It sees how the call ends: by
        an error, by a cancellation if the caller leaves, or GeneratorExit if it leaves a stream.
        """


class Pipeline(grpc.aio.ServerInterceptor):
    """Wraps the handlers of all services, each of them once."""

    def __init__(self, stages: Sequence[Stage], methods: Collection[str] | None = None) -> None:
        """Have each call pass `stages`, the first one outermost.

        All methods that are not in `methods` are treated as one: callers can invent any number of
        names.
        """
        self._stages = stages
        self._methods = methods
        self._handlers: dict[str, Handler] = {}

    async def intercept_service(
        self, continuation: Continuation, details: grpc.HandlerCallDetails
    ) -> Handler:
        """Return the wrapped handler of a method."""
        known = self._handlers.get(details.method)
        if known is not None:
            return known
        is_known = self._methods is None or details.method in self._methods
        name = details.method if is_known else UNKNOWN
        if name not in self._handlers:
            handler = await continuation(details)
            self._handlers[name] = self._wrap_handler(name, handler)
        return self._handlers[name]

    def _wrap_handler(self, name: str, handler: Handler) -> Handler:
        exists = handler is not None
        handler = handler or _ABSENT
        method = Method(name, handler.request_streaming, handler.response_streaming, exists)
        stages = [stage for stage in self._stages if stage.applies_to(method)]
        behaviour = (
            handler.unary_unary
            or handler.unary_stream
            or handler.stream_unary
            or handler.stream_stream
        )
        if handler.response_streaming:
            return grpc.stream_stream_rpc_method_handler(
                _stream_through(method, stages, _as_generator(behaviour)),
                request_deserializer=handler.request_deserializer,
                response_serializer=handler.response_serializer,
            )
        return grpc.stream_unary_rpc_method_handler(
            _call_through(method, stages, behaviour),
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )


def _call_through(method: Method, stages: Iterable[Stage], serve: Single) -> Single:
    """Wrap a method with one response in `stages`."""

    async def handle(requests: object, context: Context) -> object:
        call = Call(method, context, Requests(requests))
        async with AsyncExitStack() as passed:
            for stage in stages:
                await passed.enter_async_context(stage.during(call))
            response = await serve(call.request, context)
            call.responded(response)
        return response

    return handle


def _stream_through(method: Method, stages: Iterable[Stage], serve: Streaming) -> Streaming:
    """Wrap a method with streaming responses in `stages`."""

    async def handle(requests: object, context: Context) -> AsyncGenerator[object, None]:
        call = Call(method, context, Requests(requests))
        async with AsyncExitStack() as passed:
            for stage in stages:
                await passed.enter_async_context(stage.during(call))
            # Closed immediately when the caller disconnects, not when it is garbage-collected.
            async with aclosing(serve(call.request, context)) as responses:
                async for response in responses:
                    await call.before_sending(response)
                    yield response
                    call.after_sending()

    return handle


def _as_generator(behaviour: Any) -> Streaming:  # noqa: ANN401 - of either kind
    """Return a streaming handler as a generator: gRPC's health service writes responses itself."""
    if not inspect.iscoroutinefunction(behaviour):
        streaming: Streaming = behaviour
        return streaming

    async def generate(request: object, context: Context) -> AsyncGenerator[object, None]:
        await behaviour(request, context)
        return
        yield

    return generate


async def _refuse_absent(_requests: object, context: Context) -> object:
    await context.abort(grpc.StatusCode.UNIMPLEMENTED, "no such method")
    raise AssertionError("abort always raises")


_ABSENT: Handler = grpc.stream_unary_rpc_method_handler(_refuse_absent)
"""Handler of methods that do not exist: stages see calls of them like all others."""


class Requests:
    """Messages of a call as they arrive."""

    def __init__(self, received: Any) -> None:  # noqa: ANN401 - gRPC's iterator has no public type
        """Read them from gRPC's iterator, which warns if it is begun and never read."""
        self._received = received
        self._iterator: AsyncIterator[Any] | None = None
        self.looks: list[Look] = []
        """Callbacks for the first message."""

    def __aiter__(self) -> "Requests":
        """Return this iterator."""
        return self

    async def __anext__(self) -> Any:  # noqa: ANN401 - any message
        """Return the next message."""
        if self._iterator is None:
            self._iterator = aiter(self._received)
        message = await anext(self._iterator)
        if self.looks:
            looks, self.looks = self.looks, []
            for look in looks:
                look(message)
        return message
