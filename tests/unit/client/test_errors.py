"""Failed calls raise errors with the details that a program needs, over real gRPC."""

import threading
from collections.abc import Iterator
from concurrent import futures
from datetime import timedelta
from typing import Any

import grpc
import pytest
from grpc_status import rpc_status

from cellblock.v1 import session_pb2, session_pb2_grpc
from cellblock_client import AsyncClient, Client, errors
from cellblock_server.common.errors import (
    CellblockError,
    ExhaustedError,
    InternalError,
    InvalidArgumentError,
    NotFoundError,
    OutOfRangeError,
    UnavailableError,
    WrongStateError,
)
from cellblock_server.rpc.status import status_of


class Failing(session_pb2_grpc.SessionServiceServicer):
    """Fails with `errors`, one per call; then responds."""

    def __init__(self) -> None:
        self.errors: list[CellblockError] = []
        self.calls = 0
        self.slow_from = 10**6
        """Number of the call from which on no response comes before the caller's deadline."""

    def GetSession(self, request: Any, context: Any) -> session_pb2.GetSessionResponse:  # noqa: N802
        self.calls += 1
        if self.calls >= self.slow_from:
            over = threading.Event()
            context.add_callback(over.set)
            over.wait()
        if self.errors:
            context.abort_with_status(rpc_status.to_status(status_of(self.errors.pop(0))))
        session = session_pb2.Session(id="sess_1", state=session_pb2.SESSION_STATE_READY)
        return session_pb2.GetSessionResponse(session=session)


@pytest.fixture
def service() -> Iterator[tuple[Failing, str]]:
    server = grpc.server(futures.ThreadPoolExecutor(2))
    failing = Failing()  # type: ignore[abstract] # the other calls are not made
    session_pb2_grpc.add_SessionServiceServicer_to_server(failing, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield failing, f"127.0.0.1:{port}"
    server.stop(None).wait()


CASES = [
    (InvalidArgumentError("code", "is empty"), errors.InvalidArgumentError),
    (OutOfRangeError("pids", "too many"), errors.InvalidArgumentError),
    (NotFoundError("session", "sess_1"), errors.NotFoundError),
    (WrongStateError("SESSION_EXPIRED", "ended"), errors.WrongStateError),
    (ExhaustedError("QUEUE_FULL", "full", timedelta(seconds=2)), errors.ResourceExhaustedError),
    (InternalError("FAULT", "a fault"), errors.ServerError),
]


@pytest.mark.parametrize(("sent", "kind"), CASES)
def test_each_server_error_raises_its_client_error(
    service: tuple[Failing, str], sent: CellblockError, kind: type[errors.Error]
) -> None:
    failing, address = service
    failing.errors = [sent]
    with Client(address) as client, pytest.raises(kind) as caught:
        client.sessions.get("sess_1")
    assert (caught.value.message, caught.value.reason) == (sent.message, sent.reason)
    if isinstance(sent, InvalidArgumentError):
        assert (caught.value.field, caught.value.problem) == (sent.field, sent.problem)
    if isinstance(sent, ExhaustedError):
        assert caught.value.retry_after == timedelta(seconds=2)
    assert failing.calls == 1


def unavailable_error() -> UnavailableError:
    return UnavailableError("STORE_FAILED", "away", timedelta(milliseconds=1))


def test_unavailable_is_retried(service: tuple[Failing, str]) -> None:
    failing, address = service
    failing.errors = [unavailable_error(), unavailable_error()]
    with Client(address) as client:
        assert client.sessions.get("sess_1").id == "sess_1"
    assert failing.calls == 3


async def test_asyncio_retries_unavailable(service: tuple[Failing, str]) -> None:
    failing, address = service
    failing.errors = [unavailable_error(), unavailable_error()]
    async with AsyncClient(address) as client:
        assert (await client.sessions.get("sess_1")).id == "sess_1"
    assert failing.calls == 3


def test_unavailable_is_raised_after_the_last_attempt(service: tuple[Failing, str]) -> None:
    failing, address = service
    failing.errors = [unavailable_error() for _ in range(9)]
    with Client(address) as client, pytest.raises(errors.UnavailableError):
        client.sessions.get("sess_1")
    assert failing.calls == 5


def test_missing_server_raises_unavailable() -> None:
    with Client("127.0.0.1:1") as client, pytest.raises(errors.UnavailableError):
        client.sessions.get("sess_1")


def test_timeout_during_retries_raises_the_first_error(service: tuple[Failing, str]) -> None:
    failing, address = service
    failing.errors, failing.slow_from = [unavailable_error()], 2
    with Client(address) as client, pytest.raises(errors.UnavailableError, match="away"):
        client.sessions.get("sess_1", timeout=0.5)
    assert failing.calls == 2
