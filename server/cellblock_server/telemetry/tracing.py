"""Traces: off unless an endpoint is set; then they cost only the check of a variable.

Spans have names and ids, never code, output, names of files or values of variables. So messages of
exceptions, which may quote these, stay out of them.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from cellblock_server.common.errors import CellblockError
from cellblock_server.telemetry.metrics import version

TRACER = trace.get_tracer("cellblock_server")
"""Tracer of OpenTelemetry's API: it records nothing until a provider is set."""
EXPORT_SECONDS = 3
"""Time limit of one export; the server's end waits for the last of them."""


@contextmanager
def exported(endpoint: str) -> Iterator[None]:
    """Send spans to an OTLP endpoint during this block; do nothing without one.

    To be called once in a process: OpenTelemetry's provider is the process's. Spans wait in a
    bounded queue, and are dropped if the endpoint does not accept them; no call waits for it.
    """
    if not endpoint:
        yield
        return
    # Imported only when needed: they take time and memory.
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    resource = Resource.create({"service.version": version()})
    if str(resource.attributes["service.name"]).startswith("unknown_service"):
        resource = resource.merge(Resource({"service.name": "cellblock"}))
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    exporter = OTLPSpanExporter(
        endpoint=endpoint, insecure=endpoint.startswith("http://"), timeout=EXPORT_SECONDS
    )
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    try:
        yield
    finally:
        provider.shutdown()


@contextmanager
def step(name: str) -> Iterator[None]:
    """Record a span within the current one; do nothing if there is none."""
    if not trace.get_current_span().is_recording():
        yield
        return
    with spanning(name):
        yield


@contextmanager
def spanning(
    name: str, kind: SpanKind = SpanKind.INTERNAL, parent: Context | None = None
) -> Iterator[Span]:
    """Record a span of this block, and its failure."""
    with TRACER.start_as_current_span(
        name, parent, kind, record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield span
        except CellblockError as error:
            span.set_attribute("cellblock.reason", error.reason)
            span.set_status(Status(StatusCode.ERROR, error.reason))
            raise
        except BaseException as error:
            span.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise
