"""What can go wrong, as a small tree.

Error
├── InvalidArgumentError     a field is wrong: `field`, `problem`
├── UnauthenticatedError     no key, or one that does not count (any more)
├── PermissionDeniedError    this caller may not do that
├── NotFoundError            no such session, execution or file
├── AlreadyExistsError       the id or name is taken by something else
├── AbortedError             somebody else changed it meanwhile
├── WrongStateError          right form, wrong state: the session has ended
├── ResourceExhaustedError   come back after `retry_after`
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
        """Keep what the server told."""
        super().__init__(message)
        self.message: str = message
        self.reason: str = reason
        """A stable word for programs, such as `SESSION_EXPIRED`; empty if none was given."""
        self.field: str = field
        """The request's field that is wrong, as the proto names it; empty if none is."""
        self.problem: str = problem
        """What is wrong with it, with its bound."""
        self.retry_after: timedelta | None = retry_after
        """When a retry has a chance; None if the server did not say."""


class InvalidArgumentError(Error):
    """A field of the request is wrong."""


class UnauthenticatedError(Error):
    """There is no key, or one that is wrong or revoked."""


class PermissionDeniedError(Error):
    """A role or a policy forbids it to this caller."""


class NotFoundError(Error):
    """There is no such session, execution or file."""


class AlreadyExistsError(Error):
    """The id or name is taken by something else."""


class AbortedError(Error):
    """Somebody else changed the same thing meanwhile: look at it, and try again."""


class WrongStateError(Error):
    """The request is right, the state is not: the message says why and since when."""


class ResourceExhaustedError(Error):
    """A queue or quota is full. Come back after `retry_after`."""


class UnavailableError(Error):
    """There is no server, or what it depends on is away. Safe to retry."""


class DeadlineExceededError(Error):
    """The `timeout` of the call passed."""


class DamagedDataError(Error):
    """A file's bytes are not those that were stored: here, or already where they lie."""


class ServerError(Error):
    """A fault of the server's; its log tells more under the id in the message."""


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
    # A server that has too much to do ends calls so, before it has looked at them.
    grpc.StatusCode.CANCELLED: UnavailableError,
    grpc.StatusCode.DEADLINE_EXCEEDED: DeadlineExceededError,
    grpc.StatusCode.DATA_LOSS: DamagedDataError,
}


def from_call(call: Any) -> Error:  # noqa: ANN401 - sync and async errors share no type
    """A failed call as one of these errors, with the details that came along."""
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
