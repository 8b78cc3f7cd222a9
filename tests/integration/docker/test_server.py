"""The server process: start, stop, crash, and missing dependencies."""

import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from cellblock_client import Client, ExecutionStatus, SessionState
from cellblock_client.embedded import SERVER
from cellblock_client.errors import ResourceExhaustedError, UnavailableError, WrongStateError
from cellblock_client.events import Stdout
from tests.support.engine import containers, docker
from tests.support.owner import killed_owner
from tests.support.server import ServerProcess
from tests.support.waiting import until

NewServer = Callable[..., ServerProcess]


def test_health_and_reflection_answer(server: str) -> None:
    with grpc.insecure_channel(server) as channel:
        health: Any = health_pb2_grpc.HealthStub(channel)
        for service in ("", "cellblock.v1.SessionService"):
            answer = health.Check(health_pb2.HealthCheckRequest(service=service))
            assert answer.status == health_pb2.HealthCheckResponse.SERVING
        message: Any = reflection_pb2
        request = message.ServerReflectionRequest(list_services="")
        stub: Any = reflection_pb2_grpc.ServerReflectionStub(channel)
        (answer,) = stub.ServerReflectionInfo(iter([request]))
        names = {service.name for service in answer.list_services_response.service}
    assert {f"cellblock.v1.{kind}Service" for kind in ("Session", "Execution", "File")} <= names


@pytest.mark.core
def test_a_killed_server_loses_nothing(new_server: NewServer) -> None:
    server = new_server()
    with Client(server.address) as client:
        session = client.sessions.create()
        session.run("x = 'kept'")
        execution = session.execute(
            "import time\nfor n in range(8): print(n, flush=True); time.sleep(0.2)"
        )
        for event in execution:
            if isinstance(event, Stdout):
                break
    server.kill()
    server.start()
    with Client(server.address) as client:
        result = client.executions.watch(execution.id).result()
        assert result.status is ExecutionStatus.COMPLETED
        assert result.stdout == "".join(f"{n}\n" for n in range(8))
        assert [event.sequence for event in result.events] == list(range(1, len(result.events) + 1))
        session = client.sessions.get(session.id)
        assert session.info.state is SessionState.READY
        assert session.run("x").text == "'kept'"


def test_a_stopped_server_keeps_sessions(new_server: NewServer) -> None:
    server = new_server()
    with Client(server.address) as client:
        session_id = client.sessions.create().id
    assert server.stop() == 0
    server.start()
    with Client(server.address) as client:
        assert client.sessions.get(session_id).run("1 + 1").text == "2"


def test_a_stopped_server_ends_sessions_if_configured(new_server: NewServer) -> None:
    server = new_server(CELLBLOCK_SESSIONS__END_ON_SHUTDOWN="true")
    instance = (server.state / "instance").read_text()
    with Client(server.address) as client:
        session_id = client.sessions.create().id
    assert len(containers(instance)) == 1
    assert server.stop() == 0
    assert containers(instance) == []
    assert list((server.state / "run").iterdir()) == []
    server.start()
    with Client(server.address) as client:
        info = client.sessions.get(session_id).info
        assert (info.state, info.end_reason) == (SessionState.FAILED, "SERVER_STOPPED")


@pytest.mark.core
def test_a_container_removed_from_outside_ends_its_session(new_server: NewServer) -> None:
    server = new_server()
    (server.state / "instance").read_text()
    with Client(server.address) as client:
        session = client.sessions.create()
        (name,) = containers((server.state / "instance").read_text())
        docker("rm", "--force", name)
        until(lambda: session.refresh().state is SessionState.FAILED)
        assert session.info.end_reason == "SANDBOX_LOST"
        assert "removed" in session.info.end_message or "137" in session.info.end_message


def test_a_container_without_a_session_is_removed_at_start(new_server: NewServer) -> None:
    server = new_server()
    instance = (server.state / "instance").read_text()
    server.stop()
    lost = f"sbx_{uuid4().hex}"
    labels = ["--label", f"dev.cellblock.sandbox={lost}"]
    labels += ["--label", f"dev.cellblock.instance={instance}"]
    docker(
        "run", "--detach", "--network", "none", *labels, "--name", f"cellblock-{lost}",
        "--entrypoint", "sleep", "cellblock-sandbox:0.1.0", "1000",
    )  # fmt: skip
    server.start()
    assert containers(instance) == []


def test_an_absent_engine_is_reported_and_nothing_is_left(new_server: NewServer) -> None:
    server = new_server(DOCKER_HOST="unix:///nowhere/docker.sock")
    with Client(server.address, retry_for=0) as client:
        with pytest.raises(UnavailableError, match="the Docker engine does not answer") as caught:
            client.sessions.create()
        assert caught.value.reason == "ENGINE_UNREACHABLE"
        assert caught.value.retry_after is not None
        assert list(client.sessions.list()) == []
    assert list((server.state / "run").glob("*")) == []


def test_a_missing_image_is_reported_and_nothing_is_left(new_server: NewServer) -> None:
    server = new_server(CELLBLOCK_SANDBOX__IMAGE="cellblock-nothing:1")
    with Client(server.address) as client:
        with pytest.raises(WrongStateError, match="build it with `make image`") as caught:
            client.sessions.create()
        assert caught.value.reason == "IMAGE_MISSING"
        assert list(client.sessions.list()) == []
    assert containers((server.state / "instance").read_text()) == []
    assert list((server.state / "run").iterdir()) == []


def test_sessions_over_the_limit_are_refused(new_server: NewServer) -> None:
    server = new_server(CELLBLOCK_SESSIONS__MAX_SESSIONS="1")
    with Client(server.address) as client, client.sessions.create():
        with pytest.raises(ResourceExhaustedError, match="all 1 sessions") as caught:
            client.sessions.create()
        assert (caught.value.reason, caught.value.retry_after is None) == ("SESSION_LIMIT", False)


def test_a_second_server_on_the_same_folder_is_refused(new_server: NewServer) -> None:
    server = new_server()
    ended = run_server(f"--state-dir={server.state}", "--listen=127.0.0.1:0")
    assert ended.returncode == 1
    assert "another server uses" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_taken_address_is_refused(server: str, tmp_path: Path, new_server: NewServer) -> None:
    other = new_server()
    ended = run_server(f"--state-dir={tmp_path / 'x'}", f"--listen={other.address}")
    assert ended.returncode == 1
    assert f"can't listen on {other.address}" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_public_address_is_refused() -> None:
    for backend in ("docker", "local"):
        ended = run_server("--listen=0.0.0.0:7711", f"--backend={backend}")
        assert ended.returncode == 2
        assert "--listen: server.listen: '0.0.0.0' is not a loopback address" in ended.stderr


def test_logs_name_sessions_and_executions_and_never_code(new_server: NewServer) -> None:
    server = new_server()
    with (
        Client(server.address) as client,
        client.sessions.create(environment={"TOKEN": "sesame-value"}) as session,
    ):
        execution = session.run("secret = 'sesame-code'; print('sesame-output')").execution
    server.signal(signal.SIGTERM)
    server.wait()
    text = server.log.read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    ended = next(line for line in lines if line["event"] == "execution_ended")
    assert (ended["execution_id"], ended["session_id"]) == (execution.id, session.id)
    created = next(line for line in lines if line["event"] == "session_created")
    assert created["session_id"] == session.id
    call = next(line for line in lines if line["event"] == "call" and line["rpc"] == "Execute")
    assert (call["session_id"], call["execution_id"]) == (session.id, execution.id)
    assert "sesame" not in text


def test_no_container_is_left_when_the_owner_is_killed() -> None:
    with killed_owner("docker") as folder:
        instance = (folder / "state" / "instance").read_text()
        assert len(containers(instance)) == 1
    until(lambda: not folder.exists())
    assert not containers(instance)


def run_server(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*SERVER, *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
