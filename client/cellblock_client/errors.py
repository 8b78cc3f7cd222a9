"""Errors of the client, as a small tree.

Error
├── InvalidArgumentError     a field is wrong: `field`, `problem`
├── UnauthenticatedError     no key, or one that is wrong or revoked
├── PermissionDeniedError    this caller may not do that
├── NotFoundError            no such session, execution or file
├── AlreadyExistsError       the id or name is taken by something else
├── AbortedError             another caller changed it at the same time
├── WrongStateError          right form, wrong state: the session has ended
├── ResourceExhaustedError   a queue or quota is full: retry after `retry_after`
├── UnavailableError         no server, or its engine is away; safe to retry
├── DeadlineExceededError    your own `timeout` passed
├── DamagedDataError         bytes are not those that were stored
└── ServerError              a fault of the server's
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import grpc
from google.protobuf.message import Message
from google.rpc import error_details_pb2
from grpc_status import rpc_status


class Error(Exception):
    """Base of all errors of this client."""

    def __init__(
        self,
        message: str,
        *,
        reason: str = "",
        field: str = "",
        problem: str = "",
        retry_after: timedelta | None = None,
    ) -> None:
        """Store what the server reported."""
        super().__init__(message)
        self.message: str = message
        self.reason: str = reason
        """Stable code for programs, such as `SESSION_EXPIRED`; empty if there is none."""
        self.field: str = field
        """Request field that is wrong, by its name in the proto; empty if there is none."""
        self.problem: str = problem
        """Description of what is wrong with the field, with its limit."""
        self.retry_after: timedelta | None = retry_after
        """Time to wait before a retry can succeed; None if the server gave none."""


class InvalidArgumentError(Error):
    """Error of a request with an invalid field."""


class UnauthenticatedError(Error):
    """Error of a call without an API key, or with one that is wrong or revoked."""


class PermissionDeniedError(Error):
    """Error of a call that a role or a policy forbids to this caller."""


class NotFoundError(Error):
    """Error of a session, execution or file that does not exist."""


class AlreadyExistsError(Error):
    """Error of an id or name that another object has."""


class AbortedError(Error):
    """Error of a change that conflicts with a concurrent one: read the object again, and retry."""


class WrongStateError(Error):
    """Error of a valid request in the wrong state: the message says why and since when."""


class ResourceExhaustedError(Error):
    """Error of a full queue or an exhausted quota. Retry after `retry_after`."""


class UnavailableError(Error):
    """Error of a server, or a dependency of it, that is unavailable. Safe to retry."""


class DeadlineExceededError(Error):
    """Error of a call whose `timeout` expired."""


class DamagedDataError(Error):
    """Error of a file whose bytes differ from those stored, in transit or in the store."""


class ServerError(Error):
    """Error inside the server; its log has details under the id in the message."""


LOCALLY_CANCELLED = ("Channel closed!", "Locally cancelled by application!")
"""Details that gRPC gives a call cancelled in this process, for example by closing the client."""
KINDS: dict[grpc.StatusCode, type[Error]] = {
    grpc.StatusCode.INVALID_ARGUMENT: InvalidArgumentError,
    grpc.StatusCode.OUT_OF_RANGE: InvalidArgumentError,
    grpc.StatusCode.UNAUTHENTICATED: UnauthenticatedError,
    grpc.StatusCode.PERMISSION_DENIED: PermissionDeniedError,
    grpc.StatusCode.NOT_FOUND: NotFoundError,
    grpc.StatusCode.ALREADY_EXISTS: AlreadyExistsError,
    grpc.StatusCode.ABORTED: AbortedError,
    grpc.StatusCode.FAILED_PRECONDITION: WrongStateError,
    grpc.StatusCode.RESOURCE_EXHAUSTED: ResourceExhaustedError,
    grpc.StatusCode.UNAVAILABLE: UnavailableError,
    # An overloaded server ends calls this way before it processes them.
    grpc.StatusCode.CANCELLED: UnavailableError,
    grpc.StatusCode.DEADLINE_EXCEEDED: DeadlineExceededError,
    grpc.StatusCode.DATA_LOSS: DamagedDataError,
}


def from_call(call: Any) -> Error:  # noqa: ANN401 - sync and async errors share no type
    """Convert a failed call to one of these errors, with the details that the server sent."""
    code, message = call.code(), call.details() or ""
    details = list(_details(call))
    info = next((item for item in details if isinstance(item, error_details_pb2.ErrorInfo)), None)
    bad = next((item for item in details if isinstance(item, error_details_pb2.BadRequest)), None)
    retry = next((item for item in details if isinstance(item, error_details_pb2.RetryInfo)), None)
    violation = bad.field_violations[0] if bad and bad.field_violations else None
    kind = KINDS.get(code, ServerError)
    if code is grpc.StatusCode.CANCELLED:
        if message in LOCALLY_CANCELLED:
            kind = ServerError
        elif message in ("", code.name):
            message = "the server ended the call without an answer"
    return kind(
        message or code.name,
        reason=info.reason if info else "",
        field=violation.field if violation else "",
        problem=violation.description if violation else "",
        retry_after=retry.retry_delay.ToTimedelta() if retry else None,
    )


DETAILS: tuple[type[Message], ...] = (
    error_details_pb2.ErrorInfo,
    error_details_pb2.BadRequest,
    error_details_pb2.RetryInfo,
)


def _details(call: Any) -> Iterator[Message]:  # noqa: ANN401
    status = rpc_status.from_call(call)
    for packed in status.details if status else ():
        for kind in DETAILS:
            detail = kind()
            if packed.Is(kind.DESCRIPTOR) and packed.Unpack(detail):
                yield detail
