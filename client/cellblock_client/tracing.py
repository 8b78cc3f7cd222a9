"""Spans of calls, if the program collects them and `cellblock[otel]` is installed.

A call's span is a child of the program's current span. The server continues the trace: it receives
W3C's `traceparent` in the metadata.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from opentelemetry.trace import Span

try:
    from opentelemetry import trace
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
except ModuleNotFoundError:
    INSTALLED = False
else:
    INSTALLED = True
    # Follows the program's choice of a provider, even a later one.
    TRACER = trace.get_tracer("cellblock_client")
    PROPAGATOR = TraceContextTextMapPropagator()

Metadata: TypeAlias = tuple[tuple[str, str], ...]
SERVICES = {
    "session": "SessionService",
    "execution": "ExecutionService",
    "file": "FileService",
    "admin": "AdminService",
    "run_step": "RunStepService",
}
"""Names of services in the API by their names in `Call.service`."""


@contextmanager
def call_span(service: str, method: str) -> Iterator[Metadata]:
    """Create a span of a call, retries included; yields the metadata to send with the call.

    It does not become the current span: the reader of a stream does other work in between.
    """
    if not INSTALLED:
        yield ()
        return
    name = f"cellblock.v1.{SERVICES[service]}"
    span = TRACER.start_span(
        f"{name}/{method}",
        kind=trace.SpanKind.CLIENT,
        attributes={"rpc.system": "grpc", "rpc.service": name, "rpc.method": method},
    )
    carrier: dict[str, str] = {}
    PROPAGATOR.inject(carrier, trace.set_span_in_context(span))
    try:
        yield tuple(carrier.items())
    except GeneratorExit:
        # The reader of a stream may stop before its end.
        raise
    except BaseException as error:
        _failed(span, error)
        raise
    finally:
        span.end()


def _failed(span: "Span", error: BaseException) -> None:
    # The message is left out: it may quote what was sent.
    span.set_status(trace.Status(trace.StatusCode.ERROR, type(error).__name__))
