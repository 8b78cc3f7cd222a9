"""Errors in the format of the OpenAI API, for applications that offer it over HTTP.

The `openai` package chooses its exception by the HTTP status alone, and reads `code`, `param` and
`type` from the body. docs/reference/errors.md has the whole table.
"""

import math
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from cellblock_client.errors import (
    AbortedError,
    AlreadyExistsError,
    DeadlineExceededError,
    Error,
    InvalidArgumentError,
    NotFoundError,
    PermissionDeniedError,
    ResourceExhaustedError,
    UnauthenticatedError,
    UnavailableError,
    WrongStateError,
)

STATUSES: tuple[tuple[type[Error], int], ...] = (
    (InvalidArgumentError, 400),
    (UnauthenticatedError, 401),
    (PermissionDeniedError, 403),
    (NotFoundError, 404),
    (AlreadyExistsError, 409),
    (AbortedError, 409),
    (WrongStateError, 422),
    (ResourceExhaustedError, 429),
    (UnavailableError, 503),
    (DeadlineExceededError, 504),
)
OURS = 500
"""Status and type for all other errors: server errors, and damaged bytes."""

TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


@dataclass(frozen=True)
class HttpError:
    """HTTP response for an error."""

    status: int
    body: dict[str, Any]
    """Body to send as JSON: `{"error": {"message", "type", "param", "code"}}`."""
    headers: dict[str, str] = field(default_factory=dict)
    """Headers: `Retry-After`, if the server gave a time to wait."""


def http_error(error: Error) -> HttpError:
    """Return the response for which the `openai` package raises the exception that fits `error`.

    `code` is our reason in lower case, `param` the field that is wrong; None without one.
    """
    status = next((status for kind, status in STATUSES if isinstance(error, kind)), OURS)
    found = {
        "message": error.message,
        "type": _type(status, error),
        "param": error.field or None,
        "code": error.reason.lower() or None,
    }
    return HttpError(status, {"error": found}, _headers(error.retry_after))


def _type(status: int, error: Error) -> str:
    if isinstance(error, ResourceExhaustedError) and error.retry_after is None:
        # A retry alone does not help: the caller must free something first.
        return "insufficient_quota"
    return TYPES.get(status, "invalid_request_error" if status < OURS else "server_error")


def _headers(retry_after: timedelta | None) -> dict[str, str]:
    if retry_after is None:
        return {}
    # Whole seconds, as HTTP has them, rounded up.
    return {"Retry-After": str(max(0, math.ceil(retry_after.total_seconds())))}
