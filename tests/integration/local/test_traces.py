"""One trace from a program through its client and the server to the kernel."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from cellblock_client import Client
from tests.support.otlp import Collector, attributes, collecting
from tests.support.server import ServerProcess

SECRET = "sesame"
CODE = f"print('{SECRET}'); x = '{SECRET}'; open('{SECRET}.csv', 'w').write(x); 1 / 0 # {SECRET}"
NO_API = (
    "import sys; sys.modules['opentelemetry'] = None\n"
    "from cellblock_client import Client\n"
    "with Client(sys.argv[1]) as client, client.sessions.create() as session:\n"
    "    print(session.run('6 * 7').text)"
)
EXECUTE = "cellblock.v1.ExecutionService/Execute"
CREATE = "cellblock.v1.SessionService/CreateSession"
CLIENT, SERVER = Span.SPAN_KIND_CLIENT, Span.SPAN_KIND_SERVER


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


def traced_server(folder_factory: pytest.TempPathFactory, endpoint: str) -> ServerProcess:
    return ServerProcess(
        folder_factory.mktemp("traced"),
        {
            "CELLBLOCK_SANDBOX__BACKEND": "local",
            "CELLBLOCK_TELEMETRY__OTLP_ENDPOINT": endpoint,
            "OTEL_BSP_SCHEDULE_DELAY": "50",
        },
    )


@pytest.fixture(scope="module")
def server(
    collector: Collector, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerProcess]:
    server = traced_server(tmp_path_factory, collector.address)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def trace_id(collector: Collector, server: ServerProcess) -> bytes:
    """Spans of a program that has created a session and run code in it."""
    program = [sys.executable, "-m", "tests.support.traced_caller"]
    done = subprocess.run(
        [*program, collector.address, server.address, CODE, SECRET],
        check=True,
        capture_output=True,
        text=True,
    )
    return bytes.fromhex(done.stdout)


def call_of(collector: Collector, trace_id: bytes, method: str) -> tuple[Span, Span]:
    """Return a call's spans, of the client and of the server."""
    spans = collector.named(method, trace_id)
    (client,) = (span for span in spans if span.kind == CLIENT)
    (server,) = (span for span in spans if span.kind == SERVER)
    return client, server


def test_an_execution_is_one_trace_from_the_program_to_the_kernel(
    collector: Collector, trace_id: bytes
) -> None:
    (kernel,) = collector.named("kernel", trace_id)
    (execution,) = collector.named("execution", trace_id)
    (turn,) = collector.named("turn", trace_id)
    client, server = call_of(collector, trace_id, EXECUTE)
    assert (turn.parent_span_id, client.parent_span_id) == (b"", turn.span_id)
    assert (server.parent_span_id, execution.parent_span_id) == (client.span_id, server.span_id)
    assert kernel.parent_span_id == execution.span_id
    assert collector.children(execution).keys() == {"queue", "kernel"}


def test_kernel_times_are_marked_as_reported_by_the_sandbox(
    collector: Collector, trace_id: bytes
) -> None:
    (kernel,) = collector.named("kernel", trace_id)
    (execution,) = collector.named("execution", trace_id)
    assert attributes(kernel)["cellblock.times_claimed_by_sandbox"] is True
    assert execution.start_time_unix_nano < kernel.start_time_unix_nano
    assert kernel.start_time_unix_nano < kernel.end_time_unix_nano < execution.end_time_unix_nano
    assert [event.name for event in execution.events] == ["queued", "started", "ended"]
    assert attributes(execution)["cellblock.cause"] == "EXCEPTION"


def test_a_session_is_created_in_steps(collector: Collector, trace_id: bytes) -> None:
    _client, server = call_of(collector, trace_id, CREATE)
    steps = collector.children(server)
    assert {"pool take", "sandbox start", "agent SetEnvironment"} <= steps.keys()
    assert {"engine create", "agent connect"} == collector.children(steps["sandbox start"]).keys()
    assert str(attributes(server)["cellblock.tenant_id"]) == "default"


def test_no_span_contains_code_or_callers_data(collector: Collector, trace_id: bytes) -> None:
    collector.named("execution", trace_id)
    with collector.lock:
        everything = b"".join(span.SerializeToString() for span in collector.spans)
    assert b"cellblock" in everything
    assert SECRET.encode() not in everything
    assert b"ZeroDivisionError" not in everything


def test_a_client_without_opentelemetry_works(server: ServerProcess) -> None:
    command = [sys.executable, "-c", NO_API, server.address]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("42\n", "")


def test_no_call_waits_for_an_unreachable_collector(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    server = traced_server(tmp_path_factory, "http://127.0.0.1:1")
    try:
        server.start()
        with Client(server.address) as client, client.sessions.create() as session:
            assert session.run("6 * 7").text == "42"
        assert server.stop() == 0
    finally:
        if server.running:
            server.end()


def test_a_server_without_an_endpoint_loads_nothing_for_traces() -> None:
    program = "import sys, cellblock_server.main; sys.exit('opentelemetry.sdk' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
