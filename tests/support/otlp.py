"""A collector of traces: a gRPC server with OTLP's trace service that only stores spans."""

import threading
from collections.abc import Iterator
from concurrent import futures
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as pb
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.support.waiting import until


@dataclass
class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    """Stores all received spans."""

    address: str = ""
    spans: list[Span] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def Export(self, request: Any, context: Any) -> pb.ExportTraceServiceResponse:  # noqa: N802
        with self.lock:
            for resource in request.resource_spans:
                for scope in resource.scope_spans:
                    self.spans += scope.spans
        return pb.ExportTraceServiceResponse()

    def named(self, name: str, trace_id: bytes) -> list[Span]:
        """Return the spans of a trace, once there are any."""

        def found() -> list[Span]:
            with self.lock:
                return [one for one in self.spans if (one.name, one.trace_id) == (name, trace_id)]

        until(lambda: bool(found()))
        return found()

    def children(self, parent: Span) -> dict[str, Span]:
        """Return the children of a span, by name."""
        with self.lock:
            return {one.name: one for one in self.spans if one.parent_span_id == parent.span_id}


def attributes(span: Span) -> dict[str, object]:
    """Return a span's attributes as plain values."""
    return {
        one.key: getattr(one.value, str(one.value.WhichOneof("value"))) for one in span.attributes
    }


@contextmanager
def collecting() -> Iterator[Collector]:
    """Run a collector for the length of the block."""
    collector = Collector()
    server = grpc.server(futures.ThreadPoolExecutor(2))
    add: Any = trace_service_pb2_grpc.add_TraceServiceServicer_to_server
    add(collector, server)
    collector.address = f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield collector
    finally:
        server.stop(None).wait()
