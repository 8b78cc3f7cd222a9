"""An overloaded server ends calls as CANCELLED, or refuses them for a while."""

import time
from collections.abc import Iterator
from concurrent import futures
from datetime import timedelta
from typing import Any, NoReturn

import grpc
import pytest
from grpc_status import rpc_status

from cellblock.v1 import admin_pb2_grpc, execution_pb2, execution_pb2_grpc, session_pb2_grpc
from cellblock.v1 import session_pb2 as pb
from cellblock_client import AsyncClient, Client, Role, errors
from cellblock_server.common.errors import ExhaustedError
from cellblock_server.rpc.status import status_of

RETRY_SECONDS = 0.3
OVERLOAD = ExhaustedError("TOO_MANY_CALLS_WITHOUT_KEY", "later", timedelta(seconds=RETRY_SECONDS))
FULL = ExhaustedError("SESSION_LIMIT", "later", timedelta(seconds=RETRY_SECONDS))


class Busy(
    session_pb2_grpc.SessionServiceServicer,
    execution_pb2_grpc.ExecutionServiceServicer,
    admin_pb2_grpc.AdminServiceServicer,
):
    """Ends its first calls with the given refusals."""

    def __init__(self) -> None:
        self.address = ""
        self.refusal: ExhaustedError | None = None
        """The error to raise; None ends calls as CANCELLED."""
        self.refuses = 1
        self.calls = 0

    def GetSession(self, _request: Any, context: Any) -> pb.GetSessionResponse:  # noqa: N802
        self._refuse(context)
        return pb.GetSessionResponse(session=pb.Session(id="sess_1", state=pb.SESSION_STATE_READY))

    def Execute(self, _request: Any, context: Any) -> Iterator[execution_pb2.ExecuteResponse]:  # noqa: N802
        self._refuse(context)
        event = execution_pb2.ExecutionEvent(execution_id="call_1", sequence=1)
        event.completed.execution.status = execution_pb2.EXECUTION_STATUS_COMPLETED
        yield execution_pb2.ExecuteResponse(events=[event])

    def CreateKey(self, _request: Any, context: Any) -> NoReturn:  # noqa: N802
        self._refuse(context)
        raise AssertionError("was asked again")

    def _refuse(self, context: Any) -> None:
        self.calls += 1
        if self.calls > self.refuses:
            return
        if self.refusal is None:
            context.abort(grpc.StatusCode.CANCELLED, "")
        else:
            context.abort_with_status(rpc_status.to_status(status_of(self.refusal)))


@pytest.fixture
def busy() -> Iterator[Busy]:
    server = grpc.server(futures.ThreadPoolExecutor(4))
    busy = Busy()  # type: ignore[abstract] # the other calls are not made
    session_pb2_grpc.add_SessionServiceServicer_to_server(busy, server)
    execution_pb2_grpc.add_ExecutionServiceServicer_to_server(busy, server)
    admin_pb2_grpc.add_AdminServiceServicer_to_server(busy, server)
    busy.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    yield busy
    server.stop(None).wait()


@pytest.mark.parametrize("refusal", [None, OVERLOAD], ids=["cancelled", "overload"])
async def test_cancelled_or_refused_call_is_repeated(
    busy: Busy, refusal: ExhaustedError | None
) -> None:
    busy.refusal = refusal
    with Client(busy.address) as client:
        session = client.sessions.get("sess_1")
        busy.calls = 0
        assert len(list(session.execute("1"))) == 1
        assert busy.calls == 2
    busy.calls = 0
    async with AsyncClient(busy.address) as caller:
        own = await caller.sessions.get("sess_1")
        busy.calls = 0
        assert len([event async for event in own.execute("1")]) == 1
        assert busy.calls == 2


def test_call_that_must_not_happen_twice_is_not_repeated(busy: Busy) -> None:
    with Client(busy.address) as client, pytest.raises(errors.UnavailableError):
        client.admin.create_key("acme", Role.EXECUTOR)
    assert busy.calls == 1


def test_client_waits_for_the_retry_time_of_the_server(busy: Busy) -> None:
    busy.refusal = OVERLOAD
    with Client(busy.address) as client:
        start = time.monotonic()
        client.sessions.get("sess_1")
        assert time.monotonic() - start >= RETRY_SECONDS


def test_exceeded_quota_is_raised_without_a_retry(busy: Busy) -> None:
    busy.refusal = FULL
    with Client(busy.address) as client, pytest.raises(errors.ResourceExhaustedError):
        client.sessions.get("sess_1")
    assert busy.calls == 1


def test_call_cancelled_by_the_caller_is_not_repeated(busy: Busy) -> None:
    busy.refuses = 0
    with Client(busy.address) as client:
        session = client.sessions.get("sess_1")
        events = iter(session.execute("1"))
        next(events)
        busy.calls = 0
    assert list(events) == []
    assert busy.calls == 0
