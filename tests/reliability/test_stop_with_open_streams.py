"""A server stopped while streams are open: streams that can be resumed delay nothing."""

from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2

from cellblock.v1 import execution_pb2, execution_pb2_grpc, run_step_pb2, run_step_pb2_grpc
from cellblock_client import Client, ExecutionStatus
from cellblock_client.errors import from_call
from tests.support.server import ServerProcess

LONGER_THAN_ANY_TEST = "3600"
CODE = "print('runs', flush=True)\nimport time\nwhile True:\n    time.sleep(0.01)"


@pytest.fixture
def server(lasting_server: Callable[..., ServerProcess]) -> ServerProcess:
    """A server that would wait for calls in flight for an hour."""
    return lasting_server(CELLBLOCK_SERVER__DRAIN_TIMEOUT=LONGER_THAN_ANY_TEST)


@pytest.fixture
def channel(server: ServerProcess) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(server.address) as channel:
        yield channel


def watch_health(channel: grpc.Channel) -> Iterator[Any]:
    method: Any = channel.unary_stream(
        "/grpc.health.v1.Health/Watch",
        request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
        response_deserializer=health_pb2.HealthCheckResponse.FromString,
    )
    responses: Iterator[Any] = method(health_pb2.HealthCheckRequest())
    return responses


def until_output(responses: Iterator[Any]) -> None:
    for response in responses:
        if any(event.HasField("stdout") for event in response.events):
            return


def reason_of_end(responses: Iterator[Any]) -> str:
    try:
        for _response in responses:
            pass
    except grpc.RpcError as failed:
        return from_call(failed).reason
    return ""


@pytest.mark.timeout(180)
def test_each_stream_ends_immediately_with_the_cause(
    server: ServerProcess, channel: grpc.Channel
) -> None:
    executions = execution_pb2_grpc.ExecutionServiceStub(channel)
    steps = run_step_pb2_grpc.RunStepServiceStub(channel)
    with Client(server.address) as client:
        session, idle = client.sessions.create(), client.sessions.create()
        running = executions.Execute(
            execution_pb2.ExecuteRequest(
                session_id=session.id, execution_id="call_1", code=CODE, cancel_on_disconnect=True
            )
        )
        until_output(running)
        watching = executions.WatchExecution(
            execution_pb2.WatchExecutionRequest(execution_id="call_1")
        )
        until_output(watching)
        streams: list[Iterator[Any]] = [
            running,
            watching,
            steps.WatchRunSteps(run_step_pb2.WatchRunStepsRequest(session_id=idle.id)),
            watch_health(channel),
        ]
        # On the same connection, so the streams have begun when it is answered.
        executions.GetExecution(execution_pb2.GetExecutionRequest(execution_id="call_1"))
        assert server.stop() == 0
        assert [reason_of_end(stream) for stream in streams] == ["SERVER_STOPPING"] * 4

        server.start()
        # The server closed the stream, not its caller.
        assert client.executions.get("call_1").status is ExecutionStatus.RUNNING
        client.executions.cancel("call_1")
