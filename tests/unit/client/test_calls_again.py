"""A call whose response was lost is repeated, with the effect of a single call."""

from collections.abc import Iterator
from concurrent import futures
from typing import Any

import grpc
import pytest
from grpc_status import rpc_status

from cellblock.v1 import (
    admin_pb2,
    admin_pb2_grpc,
    execution_pb2,
    execution_pb2_grpc,
    file_pb2,
    file_pb2_grpc,
    session_pb2,
    session_pb2_grpc,
)
from cellblock_client import AsyncClient, Client, errors
from cellblock_client.admin_types import Role
from cellblock_client.retry import ATTEMPTS, Backoff, Patience
from cellblock_server.common.errors import NotFoundError
from cellblock_server.rpc.status import status_of


class Forgetful(
    file_pb2_grpc.FileServiceServicer,
    session_pb2_grpc.SessionServiceServicer,
    execution_pb2_grpc.ExecutionServiceServicer,
    admin_pb2_grpc.AdminServiceServicer,
):
    """Executes calls, and loses its first responses."""

    def __init__(self) -> None:
        self.address = ""
        self.loses = 1
        self.files = {"file-1"}
        self.written: list[bytes] = []
        self.generation = 1
        self.requests: list[Any] = []

    def DeleteFile(self, request: Any, context: Any) -> file_pb2.DeleteFileResponse:  # noqa: N802
        if request.file_id not in self.files:
            error = NotFoundError("file", request.file_id)
            context.abort_with_status(rpc_status.to_status(status_of(error)))
        self.files.remove(request.file_id)
        self._lose(request, context)
        return file_pb2.DeleteFileResponse()

    def GetSession(self, request: Any, context: Any) -> session_pb2.GetSessionResponse:  # noqa: N802
        return session_pb2.GetSessionResponse(session=self._session())

    def RestartSession(self, request: Any, context: Any) -> session_pb2.RestartSessionResponse:  # noqa: N802
        if request.kernel_generation in (0, self.generation):
            self.generation += 1
        self._lose(request, context)
        return session_pb2.RestartSessionResponse(session=self._session())

    def WriteSessionFile(self, requests: Any, context: Any) -> file_pb2.WriteSessionFileResponse:  # noqa: N802
        self.written.append(b"".join(request.data for request in requests))
        self._lose(None, context)
        return file_pb2.WriteSessionFileResponse()

    def Execute(self, request: Any, context: Any) -> Iterator[execution_pb2.ExecuteResponse]:  # noqa: N802
        for sequence in (1, 2, 3):
            event = execution_pb2.ExecutionEvent(execution_id="call_1", sequence=sequence)
            if sequence == 3:
                status = execution_pb2.EXECUTION_STATUS_COMPLETED
                event.completed.execution.status = status
            else:
                event.stdout.text = str(sequence)
            yield execution_pb2.ExecuteResponse(events=[event])
            if sequence == 2:
                self._lose(request, context)

    def CreateKey(self, request: Any, context: Any) -> admin_pb2.CreateKeyResponse:  # noqa: N802
        self._lose(request, context)
        return admin_pb2.CreateKeyResponse()

    def _session(self) -> session_pb2.Session:
        return session_pb2.Session(
            id="sess_1",
            state=session_pb2.SESSION_STATE_READY,
            kernel_generation=self.generation,
        )

    def _lose(self, request: Any, context: Any) -> None:
        self.requests.append(request)
        if self.loses:
            self.loses -= 1
            context.abort(grpc.StatusCode.UNAVAILABLE, "lost")


@pytest.fixture
def service() -> Iterator[Forgetful]:
    server = grpc.server(futures.ThreadPoolExecutor(4))
    forgetful = Forgetful()  # type: ignore[abstract] # the other calls are not made
    for module in (file_pb2_grpc, session_pb2_grpc, execution_pb2_grpc, admin_pb2_grpc):
        for name in dir(module):
            if name.startswith("add_"):
                getattr(module, name)(forgetful, server)
    forgetful.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    yield forgetful
    server.stop(None).wait()


def test_delete_succeeds_if_the_first_attempt_deleted_the_file(service: Forgetful) -> None:
    with Client(service.address) as client:
        client.files.delete("file-1")
    assert service.files == set()


def test_delete_of_a_missing_file_raises_not_found(service: Forgetful) -> None:
    with Client(service.address) as client, pytest.raises(errors.NotFoundError):
        client.files.delete("file-2")


def test_repeated_restart_restarts_the_kernel_once(service: Forgetful) -> None:
    with Client(service.address) as client:
        assert client.sessions.get("sess_1").restart().kernel_generation == 2
    assert [request.kernel_generation for request in service.requests] == [1, 1]


@pytest.mark.parametrize("kind", ["ordinary", "asyncio"])
async def test_session_file_write_is_repeated_completely(service: Forgetful, kind: str) -> None:
    if kind == "asyncio":
        async with AsyncClient(service.address) as caller:
            await (await caller.sessions.get("sess_1")).files.write("a", b"content")
    else:
        with Client(service.address) as client:
            client.sessions.get("sess_1").files.write("a", b"content")
    assert service.written == [b"content", b"content"]


def test_cancel_on_disconnect_is_kept_when_execute_is_repeated(service: Forgetful) -> None:
    with Client(service.address) as client:
        running = client.sessions.get("sess_1").execute("1", cancel_on_disconnect=True)
        assert [event.sequence for event in running] == [1, 2, 3]
    assert [request.cancel_on_disconnect for request in service.requests] == [True, True]


def test_call_that_must_not_happen_twice_is_not_repeated(service: Forgetful) -> None:
    with Client(service.address) as client, pytest.raises(errors.UnavailableError, match="lost"):
        client.admin.create_key("acme", Role.EXECUTOR)
    assert len(service.requests) == 1


def test_retry_for_zero_disables_retries(service: Forgetful) -> None:
    with (
        Client(service.address, retry_for=0) as client,
        pytest.raises(errors.UnavailableError, match="lost"),
    ):
        client.files.delete("file-1")


def attempts(patience: Patience, error: errors.UnavailableError) -> int:
    backoff = Backoff(None, patience)
    for number in range(1, 10_000):
        try:
            backoff.wait_after(error)
        except errors.UnavailableError:
            return number
    raise AssertionError("without end")


def test_client_waits_longer_for_a_server_that_it_has_reached(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seconds = iter(range(10_000))
    monkeypatch.setattr("time.monotonic", lambda: float(next(seconds)))
    away = errors.UnavailableError("failed to connect to all addresses; last error: refused")
    # A new client doesn't know whether the address is right, so it waits for less time.
    assert attempts(Patience(seconds=30, first_seconds=5), away) == 6
    assert attempts(Patience(seconds=2, first_seconds=5), away) == 3
    assert attempts(Patience(seconds=30, met=True), away) == 31
    broken = errors.UnavailableError("away", reason="STORE_FAILED")
    assert attempts(Patience(seconds=30, met=True), broken) == ATTEMPTS
    starting = errors.UnavailableError("away", reason="SESSION_NOT_READY")
    assert attempts(Patience(seconds=30, met=True), starting) == 31
    # Each attempt takes long on the server, so the client doesn't repeat it five times.
    seconds = iter(range(0, 100_000, 20))
    assert attempts(Patience(seconds=30, met=True), broken) == 2
    seconds = iter(range(10_000))
    # A connection that broke shows that the address of a new client is right, too.
    assert attempts(Patience(seconds=30), errors.UnavailableError("Socket closed")) == 31
    for reason in ("SERVER_STOPPING", "SERVER_STOPPED"):
        stopping = errors.UnavailableError("away", reason=reason)
        assert attempts(Patience(seconds=30), stopping) == 31
