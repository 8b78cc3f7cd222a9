"""Errors of the server, as one tree. `rpc/status.py` maps them to gRPC statuses.

CellblockError
├── InvalidArgumentError      a field is malformed          INVALID_ARGUMENT
│   └── OutOfRangeError       a field is past its bound     OUT_OF_RANGE
├── UnauthenticatedError      no valid API key              UNAUTHENTICATED
├── PermissionDeniedError     the key's role forbids it     PERMISSION_DENIED
├── NotFoundError             no such object of this tenant NOT_FOUND
├── AlreadyExistsError        same id, other request        ALREADY_EXISTS
├── WrongStateError           valid request, wrong state    FAILED_PRECONDITION
├── ExhaustedError            rate, queue, disk: retry      RESOURCE_EXHAUSTED
├── QuotaError                a tenant's quota              RESOURCE_EXHAUSTED
├── UnavailableError          engine or store unavailable   UNAVAILABLE
├── DataLossError             stored bytes are damaged      DATA_LOSS
└── InternalError             server error                  INTERNAL
"""

from datetime import timedelta


class CellblockError(Exception):
    """Base of all errors that are returned to callers.

    `reason` is a stable UPPER_SNAKE_CASE word for programs (`ErrorInfo.reason`). `message` is for
    people: it names the problem and the limit. `detail` is for operators: hosts, paths and ids that
    a tenant must not see. `str()` has both.
    """

    def __init__(self, reason: str, message: str, detail: str = "") -> None:
        """Keep `reason` for programs, `message` for callers and `detail` for the log and admins."""
        super().__init__(f"{message}: {detail}" if detail else message)
        self.reason = reason
        self.message = message
        self.detail = detail


class InvalidArgumentError(CellblockError):
    """A field of the request is malformed."""

    def __init__(self, field: str, problem: str, *, reason: str = "INVALID_FIELD") -> None:
        """Name the `field` as the proto does, and its `problem` with the bound."""
        super().__init__(reason, f"{field}: {problem}")
        self.field = field
        self.problem = problem


class OutOfRangeError(InvalidArgumentError):
    """A field of the request is past a bound that the operator or the API sets."""

    def __init__(self, field: str, problem: str, *, reason: str = "OUT_OF_BOUNDS") -> None:
        """Name the `field` as the proto does, and its `problem` with the bound."""
        super().__init__(field, problem, reason=reason)


class UnauthenticatedError(CellblockError):
    """The caller sent no API key, or one that is unknown, expired or revoked."""


class PermissionDeniedError(CellblockError):
    """The caller's key is valid, but its role does not allow this."""


class NotFoundError(CellblockError):
    """The object doesn't exist, or belongs to another tenant."""

    def __init__(self, kind: str, name: str, *, reason: str | None = None) -> None:
        """Name the object by its `kind` (`session`, `file`, …) and `name`."""
        words = kind.replace("_", " ")
        super().__init__(reason or f"{kind.upper()}_NOT_FOUND", f"no {words} {name!r}")
        self.kind = kind
        self.name = name


class AlreadyExistsError(CellblockError):
    """Another object has this id or name."""

    def __init__(self, kind: str, name: str, problem: str) -> None:
        """Name the existing object, and describe how it differs from the request."""
        super().__init__(f"{kind.upper()}_EXISTS", f"{kind} {name!r} {problem}")
        self.kind = kind
        self.name = name


class WrongStateError(CellblockError):
    """The request is valid, but the object that it names is in the wrong state."""


class ExhaustedError(CellblockError):
    """A rate, queue or disk is exhausted. Retry after `retry_after`."""

    def __init__(self, reason: str, message: str, retry_after: timedelta) -> None:
        """Set the time after which a retry may succeed."""
        super().__init__(reason, message)
        self.retry_after = retry_after


class QuotaError(CellblockError):
    """A tenant's quota is exhausted."""

    def __init__(
        self, reason: str, subject: str, message: str, retry_after: timedelta | None = None
    ) -> None:
        """Name the quota's `subject` (`tenant:…`), and the time after which a retry may succeed.

        None: a retry fails until the caller releases something.
        """
        super().__init__(reason, message)
        self.subject = subject
        self.retry_after = retry_after


class UnavailableError(CellblockError):
    """A dependency doesn't respond. It is safe to retry after `retry_after`."""

    def __init__(
        self,
        reason: str,
        message: str,
        retry_after: timedelta = timedelta(seconds=1),
        *,
        detail: str = "",
    ) -> None:
        """Set the time after which a retry may succeed."""
        super().__init__(reason, message, detail)
        self.retry_after = retry_after


class DataLossError(CellblockError):
    """Stored data is missing or damaged; a retry doesn't help."""


class InternalError(CellblockError):
    """A server error; the message contains nothing that a caller must not see."""
