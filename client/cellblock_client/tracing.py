"""Spans of calls, where the program collects them: with `cellblock[otel]`, and nothing without.

A call's span is a child of the program's own. What the server does of it goes on in the same trace:
it gets W3C's `traceparent` in the metadata.
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
    # Follows the program's choice of a provider, also one that is made later.
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
"""As `Call.service` has them, and as the API has them."""


@contextmanager
def call_span(service: str, method: str) -> Iterator[Metadata]:
    """A span of a call, repetitions included; what is to go along with it as metadata.

    It is not made the current one: a stream is read in between what else its reader does.
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
        # Whoever reads a stream may stop when it has seen enough.
        raise
    except BaseException as error:
        _failed(span, error)
        raise
    finally:
        span.end()


def _failed(span: "Span", error: BaseException) -> None:
    # Not its message: that may quote what was sent.
    span.set_status(trace.Status(trace.StatusCode.ERROR, type(error).__name__))
