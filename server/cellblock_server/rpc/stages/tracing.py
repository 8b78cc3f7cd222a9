"""Stage that records a span for each call, as part of the caller's trace if there is one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from opentelemetry.trace import SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from cellblock_server.rpc.caller import CALLER
from cellblock_server.rpc.permissions import NEEDED, UNKNOWN
from cellblock_server.rpc.pipeline import Call, Method, Stage
from cellblock_server.rpc.subjects import subjects_of
from cellblock_server.telemetry.tracing import spanning

PROPAGATOR = TraceContextTextMapPropagator()


class TraceStage(Stage):
    """Reads W3C's `traceparent` and `tracestate` from the metadata.

    Source: https://www.w3.org/TR/trace-context/, OpenTelemetry's semantic conventions for RPC.
    """

    def applies_to(self, method: Method) -> bool:
        """Skip health probes: they come every few seconds, with no information."""
        return not method.is_open

    @asynccontextmanager
    async def during(self, call: Call) -> AsyncIterator[None]:
        """Record a span with the ids that the request names."""
        method = (call.method.name if call.method.name in NEEDED else UNKNOWN).removeprefix("/")
        carrier = {
            name: value
            for name, value in call.context.invocation_metadata() or ()
            if isinstance(value, str)
        }
        with spanning(method, SpanKind.SERVER, PROPAGATOR.extract(carrier)) as span:
            service, _, name = method.partition("/")
            span.set_attributes({"rpc.system": "grpc", "rpc.service": service, "rpc.method": name})

            def look(request: object) -> None:
                for field, value in subjects_of(request).items():
                    span.set_attribute(f"cellblock.{field}", value)

            call.look_at_request(look)
            try:
                yield
            finally:
                if (caller := CALLER.get(None)) is not None:
                    span.set_attribute("cellblock.tenant_id", caller.tenant)
