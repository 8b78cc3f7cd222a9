"""Around every call: a span, which goes on with its caller's trace if there is one."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager

import grpc
from opentelemetry.trace import SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from cellblock_server.rpc.caller import CALLER
from cellblock_server.rpc.handlers import (
    Context,
    Continuation,
    Handler,
    Look,
    Single,
    Streaming,
    looked_at,
    wrapped,
)
from cellblock_server.rpc.permissions import NEEDED, OPEN, UNKNOWN
from cellblock_server.rpc.subjects import subjects_of
from cellblock_server.telemetry.tracing import spanning

PROPAGATOR = TraceContextTextMapPropagator()


class TraceInterceptor(grpc.aio.ServerInterceptor):
    """Reads W3C's `traceparent` and `tracestate` from the metadata.

    Source: https://www.w3.org/TR/trace-context/, OpenTelemetry's semantic conventions for RPC.
    """

    async def intercept_service(
        self, continuation: Continuation, details: grpc.HandlerCallDetails
    ) -> Handler:
        """Wrap the handler that would take the call."""
        handler = await continuation(details)
        # Health probes come every few seconds, and tell nothing.
        if handler is None or details.method in OPEN:
            return handler
        method = (details.method if details.method in NEEDED else UNKNOWN).removeprefix("/")

        def single(inner: Single) -> Single:
            async def call(request: object, context: Context) -> object:
                with _span(method, context) as look:
                    return await inner(looked_at(request, look), context)

            return call

        def streaming(inner: Streaming) -> Streaming:
            async def call(request: object, context: Context) -> AsyncGenerator[object, None]:
                with _span(method, context) as look:
                    async with aclosing(inner(looked_at(request, look), context)) as responses:
                        async for response in responses:
                            yield response

            return call

        return wrapped(handler, single, streaming)


@contextmanager
def _span(method: str, context: Context) -> Iterator[Look]:
    """A span; what is yielded has it name the things that a request is about."""
    carrier = {
        name: value for name, value in context.invocation_metadata() or () if isinstance(value, str)
    }
    with spanning(method, SpanKind.SERVER, PROPAGATOR.extract(carrier)) as span:
        service, _, name = method.partition("/")
        span.set_attributes({"rpc.system": "grpc", "rpc.service": service, "rpc.method": name})

        def look(request: object) -> None:
            for field, value in subjects_of(request).items():
                span.set_attribute(f"cellblock.{field}", value)

        try:
            yield look
        finally:
            if (caller := CALLER.get(None)) is not None:
                span.set_attribute("cellblock.tenant_id", caller.tenant)
