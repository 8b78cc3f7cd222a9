"""The server outlives its background tasks: a real server with short times, and loops that fail."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from typer.testing import CliRunner

from cellblock_client import Client
from cellblock_client.cli.app import app
from tests.support.server import ServerProcess
from tests.support.timed_server import timed_server
from tests.support.waiting import until

SESSIONS = 4
SHORT = {
    "pool": {"check": 0.1, "demand": 4.0, "refill": 0.01},
    "keeper": {"housekeeping": 0.2, "reconcile": 0.2},
    "restart": {"first": 0.2, "longest": 0.5, "steady": 60},
}
LOCAL = {
    "CELLBLOCK_SANDBOX__BACKEND": "local",
    "CELLBLOCK_POOL__SIZE": "1",
    "CELLBLOCK_POOL__MAX_SIZE": str(SESSIONS + 1),
    "CELLBLOCK_SESSIONS__END_ON_SHUTDOWN": "true",
}
LOOPS = {
    *("audit_log", "audit_retention", "billing", "connections_without_key", "cpu_meter"),
    *("housekeeping", "key_expiry"),
    *("pool", "pool_checks", "readiness", "retention", "session_expiry", "unread_streams"),
}
TASK_SETS = {"pool_removals", "pool_starts", "sessions", "unread_stream_ends"}


@pytest.fixture
def server(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[ServerProcess]:
    """A server with a pool whose sandboxes are processes."""
    process = timed_server(tmp_path, SHORT, **{**LOCAL, **getattr(request, "param", {})})
    process.start()
    yield process
    if process.running:
        assert process.stop() == 0


def waiting(client: Client) -> int:
    status = client.admin.server_status()
    return status.pool_waiting if not status.pool_starting else -1


def has_grown(client: Client) -> bool:
    """Return whether several sandboxes wait; ask for sessions as long as they don't."""
    status = client.admin.server_status()
    if status.pool_wanted < SESSIONS:
        use_several(client)
    return status.pool_waiting > 2


def use_several(client: Client) -> None:
    """Create sessions together, use them, and delete them together."""
    with ThreadPoolExecutor(SESSIONS) as threads:
        sessions = list(threads.map(lambda _: client.sessions.create(), range(SESSIONS)))
        assert [session.run("1+1").text for session in sessions] == ["2"] * SESSIONS
        list(threads.map(lambda session: session.delete(), sessions))


def test_pool_grows_and_shrinks_by_several_while_it_is_checked(server: ServerProcess) -> None:
    pid = server.pid
    with Client(server.address) as client:
        for _day in range(2):
            until(lambda: waiting(client) == 1, 30)
            until(lambda: has_grown(client), 60)
        until(lambda: waiting(client) == 1, 30)
        assert [
            task for task in client.admin.server_status().background_tasks if task.failures
        ] == []
    assert server.pid == pid


@pytest.mark.parametrize("server", [{"CELLBLOCK_POOL__MAX_AGE": "PT1S"}], indirect=True)
def test_pool_replaces_old_sandboxes_without_a_call(server: ServerProcess) -> None:
    def begun() -> int:
        return server.log.read_text().count('"sandbox_waits"')

    until(lambda: begun() >= 4, 60)
    with Client(server.address) as client:
        use_several(client)


@pytest.mark.parametrize("server", [{"TEST_FAIL_AFTER": "0.3"}], indirect=True)
def test_server_continues_after_each_background_task_failed_once(server: ServerProcess) -> None:
    with Client(server.address) as client:
        use_several(client)

        def failed() -> set[str]:
            tasks = client.admin.server_status().background_tasks
            return {task.name for task in tasks if task.failures}

        until(lambda: failed() == LOOPS, 30)
        status = client.admin.server_status()
        assert {task.name for task in status.background_tasks} == LOOPS | TASK_SETS
        until(lambda: not any(map(is_waiting, client.admin.server_status().background_tasks)), 30)
        # All of it works: the pool is filled, a session runs and ends, its end is counted.
        use_several(client)
        until(lambda: waiting(client) >= 1, 30)
        assert health(server, "") == "SERVING"
        assert health(server, "cellblock.v1.SessionService") == "SERVING"
        until(lambda: health(server, "cellblock.background") == "NOT_SERVING", 30)
    lines = [json.loads(line) for line in server.log.read_text().splitlines() if line[0] == "{"]
    failures = [line for line in lines if line["event"] == "background_task_failed"]
    assert {line["task"] for line in failures} == LOOPS
    assert all("LookupError" in line["exception"] for line in failures)
    assert_commands_show_it(server.address)


def is_waiting(task: Any) -> bool:
    return task.restart_time is not None


def health(server: ServerProcess, service: str) -> str:
    with grpc.insecure_channel(server.address) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        status = stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=10).status
    return health_pb2.HealthCheckResponse.ServingStatus.Name(status)


def assert_commands_show_it(address: str) -> None:
    shown = CliRunner().invoke(app, ["top", "--once", "--address", address]).output
    assert "background task retention failed once: LookupError: retention was made" in shown
    printed = CliRunner().invoke(app, ["doctor", "--backend", "local", "--address", address]).output
    assert "background tasks: retention failed 1 times, last: LookupError" in printed
