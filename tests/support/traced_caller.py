"""A program with traces of its own that runs code: `python -m tests.support.traced_caller`.

Its arguments: the collector, the server, and the code. It writes the id of its trace.
"""

import sys
from contextlib import suppress

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from cellblock_client import Client
from cellblock_client.errors import NotFoundError


def main(collector: str, address: str, code: str, secret: str) -> None:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(collector, insecure=True)))
    trace.set_tracer_provider(provider)
    with trace.get_tracer("turn").start_as_current_span("turn") as turn, Client(address) as client:
        file = client.files.upload(secret.encode(), filename=f"{secret}.txt")
        with suppress(NotFoundError):
            client.sessions.get(secret)
        with client.sessions.create(environment={"VARIABLE": secret}) as session:
            session.attach(file)
            session.run(code)
        trace_id = turn.get_span_context().trace_id
    provider.shutdown()
    sys.stdout.write(f"{trace_id:032x}")


if __name__ == "__main__":
    main(*sys.argv[1:])
