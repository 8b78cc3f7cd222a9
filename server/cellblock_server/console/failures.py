"""Conversion of errors to HTTP statuses, with the same messages as for gRPC's callers."""

from typing import Any

import grpc
from google.protobuf.message import Message
from google.rpc import error_details_pb2
from grpc_status import rpc_status

HTTP_STATUS = {
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.OUT_OF_RANGE: 400,
    grpc.StatusCode.UNAUTHENTICATED: 401,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.ALREADY_EXISTS: 409,
    grpc.StatusCode.FAILED_PRECONDITION: 409,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 429,
    grpc.StatusCode.UNAVAILABLE: 503,
    grpc.StatusCode.DEADLINE_EXCEEDED: 504,
}
"""HTTP statuses of gRPC statuses; all others are 500.

Source: google/rpc/code.proto; 409 where it has 400, for the request is well formed.
"""


class RefusedError(Exception):
    """A request that was refused, by the console or by a service."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        """Store an HTTP `status`, a `reason` for programs and a `message` for people."""
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message

    def response_body(self) -> dict[str, Any]:
        """Return the body of the response."""
        return {"reason": self.reason, "message": self.message}


def refusal_of(error: grpc.aio.AioRpcError) -> RefusedError:
    """Convert a failed call to a RefusedError."""
    status = HTTP_STATUS.get(error.code(), 500)
    return RefusedError(status, _reason(error) or error.code().name, error.details() or "")


def _reason(error: grpc.aio.AioRpcError) -> str:
    status = rpc_status.from_call(error)  # type: ignore[arg-type] # has the needed parts of a call
    for detail in () if status is None else status.details:
        info: Message = error_details_pb2.ErrorInfo()
        if detail.Unpack(info):
            return str(info.reason)  # type: ignore[attr-defined] # its actual type
    return ""
