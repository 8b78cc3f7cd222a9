"""Conversion of our errors to gRPC statuses with details: a pure function and one table.

Source: google.rpc.Status and its error details (google/rpc/error_details.proto),
https://google.aip.dev/193.
"""

from datetime import timedelta

from google.protobuf.any_pb2 import Any
from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2, status_pb2

from cellblock_server.common.errors import (
    AlreadyExistsError,
    CellblockError,
    DataLossError,
    ExhaustedError,
    InvalidArgumentError,
    NotFoundError,
    OutOfRangeError,
    PermissionDeniedError,
    QuotaError,
    UnauthenticatedError,
    UnavailableError,
    WrongStateError,
)

DOMAIN = "cellblock"
MAX_NAME = 200
MAX_MESSAGE = 2000
"""Statuses travel in HTTP/2 headers, which are bounded."""

# The first match applies.
CODES: list[tuple[type[CellblockError], int]] = [
    (OutOfRangeError, code_pb2.OUT_OF_RANGE),
    (InvalidArgumentError, code_pb2.INVALID_ARGUMENT),
    (UnauthenticatedError, code_pb2.UNAUTHENTICATED),
    (PermissionDeniedError, code_pb2.PERMISSION_DENIED),
    (NotFoundError, code_pb2.NOT_FOUND),
    (AlreadyExistsError, code_pb2.ALREADY_EXISTS),
    (WrongStateError, code_pb2.FAILED_PRECONDITION),
    (ExhaustedError, code_pb2.RESOURCE_EXHAUSTED),
    (QuotaError, code_pb2.RESOURCE_EXHAUSTED),
    (UnavailableError, code_pb2.UNAVAILABLE),
    (DataLossError, code_pb2.DATA_LOSS),
]


def status_of(error: CellblockError, *, for_admin: bool = False) -> status_pb2.Status:
    """Return the status for `error`; INTERNAL for kinds of errors without a code.

    An admin's has the error's `detail` as well.
    """
    message = str(error) if for_admin else error.message
    code = next((code for kind, code in CODES if isinstance(error, kind)), code_pb2.INTERNAL)
    details: list[Message] = [error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN)]
    match error:
        case InvalidArgumentError():
            violation = error_details_pb2.BadRequest.FieldViolation(
                field=error.field, description=error.problem
            )
            details.append(error_details_pb2.BadRequest(field_violations=[violation]))
        case NotFoundError() | AlreadyExistsError():
            details.append(
                error_details_pb2.ResourceInfo(
                    resource_type=error.kind, resource_name=error.name[:MAX_NAME]
                )
            )
        case QuotaError():
            exceeded = error_details_pb2.QuotaFailure.Violation(
                subject=error.subject, description=error.message[:MAX_MESSAGE]
            )
            details.append(error_details_pb2.QuotaFailure(violations=[exceeded]))
            if error.retry_after is not None:
                details.append(_retry(error.retry_after))
        case ExhaustedError() | UnavailableError():
            details.append(_retry(error.retry_after))
    return status_pb2.Status(
        code=code, message=message[:MAX_MESSAGE], details=map(_packed, details)
    )


def _retry(after: timedelta) -> error_details_pb2.RetryInfo:
    retry = error_details_pb2.RetryInfo()
    retry.retry_delay.FromTimedelta(after)
    return retry


def _packed(detail: Message) -> Any:
    packed = Any()
    packed.Pack(detail)
    return packed
