"""What can go wrong, as one tree. `rpc/status.py` maps it to gRPC statuses.

CellblockError
├── InvalidArgumentError      a field is malformed          INVALID_ARGUMENT
│   └── OutOfRangeError       a field is past its bound     OUT_OF_RANGE
├── UnauthenticatedError      no key that counts            UNAUTHENTICATED
├── PermissionDeniedError     the key's role forbids it     PERMISSION_DENIED
├── NotFoundError             no such thing for this tenant NOT_FOUND
├── AlreadyExistsError        same id, other body           ALREADY_EXISTS
├── WrongStateError           right form, wrong state       FAILED_PRECONDITION
├── ExhaustedError            rate, queue, disk: later      RESOURCE_EXHAUSTED
├── QuotaError                a tenant's quota              RESOURCE_EXHAUSTED
├── UnavailableError          engine or store away          UNAVAILABLE
├── DataLossError             stored bytes are damaged      DATA_LOSS
└── InternalError             our fault                     INTERNAL
"""

from datetime import timedelta


class CellblockError(Exception):
    """Base of all errors that a caller is told about.

    `reason` is a stable UPPER_SNAKE_CASE word for programs (`ErrorInfo.reason`);
    the message is for people and names the value's problem and its bound. `detail` is for those who
    run the server: hosts, paths and ids that a tenant must not learn. `str()` has both.
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
    """The caller has no key, or one that does not count, or does not count any more."""


class PermissionDeniedError(CellblockError):
    """The caller's key counts, but its role does not allow this."""


class NotFoundError(CellblockError):
    """There is no such thing for this tenant."""

    def __init__(self, kind: str, name: str, *, reason: str | None = None) -> None:
        """Name what was looked for: its `kind` (`session`, `file`, …) and `name`."""
        words = kind.replace("_", " ")
        super().__init__(reason or f"{kind.upper()}_NOT_FOUND", f"no {words} {name!r}")
        self.kind = kind
        self.name = name


class AlreadyExistsError(CellblockError):
    """The id or name is taken by something else."""

    def __init__(self, kind: str, name: str, problem: str) -> None:
        """Name what is taken, and how it differs from what was asked for."""
        super().__init__(f"{kind.upper()}_EXISTS", f"{kind} {name!r} {problem}")
        self.kind = kind
        self.name = name


class WrongStateError(CellblockError):
    """The request is well formed, but the thing it names is in the wrong state."""


class ExhaustedError(CellblockError):
    """A rate, queue or disk is used up. Come back after `retry_after`."""

    def __init__(self, reason: str, message: str, retry_after: timedelta) -> None:
        """Say when a retry has a chance."""
        super().__init__(reason, message)
        self.retry_after = retry_after


class QuotaError(CellblockError):
    """A tenant's quota is used up."""

    def __init__(
        self, reason: str, subject: str, message: str, retry_after: timedelta | None = None
    ) -> None:
        """Name whose quota it is (`tenant:…`), and when a retry has a chance.

        None: it stays so until the caller gives something back.
        """
        super().__init__(reason, message)
        self.subject = subject
        self.retry_after = retry_after


class UnavailableError(CellblockError):
    """Something we depend on does not answer. Safe to retry after `retry_after`."""

    def __init__(
        self,
        reason: str,
        message: str,
        retry_after: timedelta = timedelta(seconds=1),
        *,
        detail: str = "",
    ) -> None:
        """Say when a retry has a chance."""
        super().__init__(reason, message, detail)
        self.retry_after = retry_after


class DataLossError(CellblockError):
    """What was stored is not there any more as it was; trying again does not help."""


class InternalError(CellblockError):
    """A fault of ours; the message carries nothing that a caller must not see."""
