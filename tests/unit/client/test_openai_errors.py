"""Every failed call becomes a response for which the `openai` package raises a fitting error."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent import futures
from datetime import timedelta
from typing import Any

import grpc
import openai
import pytest
from grpc_status import rpc_status

from cellblock.v1 import session_pb2, session_pb2_grpc
from cellblock_client.embedded import EmbeddedServerError
from cellblock_client.errors import DamagedDataError, Error, from_call
from cellblock_client.openai_errors import HttpError, http_error
from cellblock_server.common.errors import (
    AlreadyExistsError,
    CellblockError,
    ExhaustedError,
    InternalError,
    InvalidArgumentError,
    NotFoundError,
    OutOfRangeError,
    QuotaError,
    UnavailableError,
    WrongStateError,
)
from cellblock_server.rpc.status import status_of
from tests.support.openai_api import raised_for

WRONG = "what was wrong"
REQUEST = "invalid_request_error"
OURS = (500, openai.InternalServerError, "server_error")

STATUSES: dict[str, tuple[int, type[openai.APIStatusError], str]] = {
    "INVALID_ARGUMENT": (400, openai.BadRequestError, REQUEST),
    "OUT_OF_RANGE": (400, openai.BadRequestError, REQUEST),
    "UNAUTHENTICATED": (401, openai.AuthenticationError, "authentication_error"),
    "PERMISSION_DENIED": (403, openai.PermissionDeniedError, "permission_error"),
    "NOT_FOUND": (404, openai.NotFoundError, REQUEST),
    "ALREADY_EXISTS": (409, openai.ConflictError, REQUEST),
    "ABORTED": (409, openai.ConflictError, REQUEST),
    "FAILED_PRECONDITION": (422, openai.UnprocessableEntityError, REQUEST),
    "RESOURCE_EXHAUSTED": (429, openai.RateLimitError, "insufficient_quota"),
    "UNAVAILABLE": (503, openai.InternalServerError, "server_error"),
    "DEADLINE_EXCEEDED": (504, openai.InternalServerError, "server_error"),
    "INTERNAL": OURS,
    "DATA_LOSS": OURS,
    "UNKNOWN": OURS,
    "CANCELLED": (503, openai.InternalServerError, "server_error"),
    "UNIMPLEMENTED": OURS,
}
"""Every gRPC status, here without details."""


class Failing(session_pb2_grpc.SessionServiceServicer):
    """Fails each call with the given error."""

    def __init__(self) -> None:
        self.failure: CellblockError | grpc.StatusCode = grpc.StatusCode.UNKNOWN

    def GetSession(self, _request: Any, context: Any) -> Any:  # noqa: N802
        if isinstance(self.failure, CellblockError):
            context.abort_with_status(rpc_status.to_status(status_of(self.failure)))
        context.abort(self.failure, WRONG)


@pytest.fixture(scope="module")
def service() -> Iterator[tuple[Failing, str]]:
    server = grpc.server(futures.ThreadPoolExecutor(1))
    failing = Failing()  # type: ignore[abstract] # the other calls are not made
    session_pb2_grpc.add_SessionServiceServicer_to_server(failing, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield failing, f"127.0.0.1:{port}"
    server.stop(None).wait()


def answer_to(service: tuple[Failing, str], failure: CellblockError | grpc.StatusCode) -> HttpError:
    """Return the response to a call that fails with this error, over real gRPC."""
    service[0].failure = failure
    with grpc.insecure_channel(service[1]) as channel, pytest.raises(grpc.RpcError) as caught:
        session_pb2_grpc.SessionServiceStub(channel).GetSession(
            session_pb2.GetSessionRequest(session_id="sess_1")
        )
    return http_error(from_call(caught.value))


def test_every_status_is_known() -> None:
    assert set(STATUSES) == {code.name for code in grpc.StatusCode} - {"OK"}


@pytest.mark.parametrize("name", STATUSES)
def test_each_status_raises_its_openai_error(service: tuple[Failing, str], name: str) -> None:
    status, kind, type_ = STATUSES[name]
    answer = answer_to(service, grpc.StatusCode[name])
    raised = raised_for(answer)
    assert type(raised) is kind
    assert (answer.status, raised.status_code) == (status, status)
    assert (raised.type, raised.param, raised.code) == (type_, None, None)
    assert raised.body == answer.body["error"]
    assert WRONG in raised.message
    assert answer.headers == {}


LATER = timedelta(seconds=2.1)

FAILURES: list[tuple[CellblockError, str | None, str | None]] = [
    (InvalidArgumentError("code", "is empty"), "code", None),
    (OutOfRangeError("limits.pids", "must be 64 to 4096"), "limits.pids", None),
    (NotFoundError("session", "sess_1"), None, None),
    (AlreadyExistsError("execution", "call_1", "exists already"), None, None),
    (WrongStateError("SESSION_EXPIRED", "ended"), None, None),
    (ExhaustedError("QUEUE_FULL", "full", LATER), None, "3"),
    (QuotaError("STORAGE_QUOTA", "tenant:t", "past the quota"), None, None),
    (UnavailableError("STORE_FAILED", "away", timedelta(milliseconds=1)), None, "1"),
    (UnavailableError("STORE_FAILED", "busy", timedelta(0)), None, "0"),
    (InternalError("FAULT", "a fault; its log tells more under 1f"), None, None),
]


@pytest.mark.parametrize(("failure", "param", "retry"), FAILURES)
def test_response_has_the_parameter_and_retry_time_of_the_error(
    service: tuple[Failing, str], failure: CellblockError, param: str | None, retry: str | None
) -> None:
    raised = raised_for(answer_to(service, failure))
    assert (raised.code, raised.param) == (failure.reason.lower(), param)
    assert failure.message in raised.message
    assert raised.response.headers.get("Retry-After") == retry


def test_exceeded_quota_is_no_rate_limit(service: tuple[Failing, str]) -> None:
    types = {
        str(raised.code): raised.type
        for failure, _, _ in FAILURES
        if isinstance(raised := raised_for(answer_to(service, failure)), openai.RateLimitError)
    }
    assert types == {"queue_full": "rate_limit_error", "storage_quota": "insufficient_quota"}


@pytest.mark.parametrize(
    "error",
    [DamagedDataError(WRONG), EmbeddedServerError(WRONG), Error(WRONG)],
    ids=lambda error: type(error).__name__,
)
def test_client_side_error_becomes_a_server_error(error: Error) -> None:
    raised = raised_for(http_error(error))
    assert (raised.status_code, type(raised), raised.type) == OURS
    assert WRONG in raised.message


def test_conversion_does_not_import_openai() -> None:
    code = (
        "import sys; sys.modules['openai'] = None\n"
        "from cellblock_client.errors import NotFoundError\n"
        "from cellblock_client.openai_errors import http_error\n"
        "print(http_error(NotFoundError('no')).status)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "404\n"
