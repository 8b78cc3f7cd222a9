"""Requests to run code, checked against the operator's limits."""

from dataclasses import dataclass, field
from datetime import timedelta

from cellblock_server.common.errors import InvalidArgumentError, OutOfRangeError
from cellblock_server.common.ids import check_id
from cellblock_server.executions.environment import check_environment
from cellblock_server.journal.run_step_place import WantedPlace


@dataclass(frozen=True)
class ExecutionLimits:
    """Operator's limits on what one execution may request."""

    default_time_limit: timedelta
    max_time_limit: timedelta
    max_code_bytes: int


@dataclass(frozen=True)
class NewExecution:
    """A request to run code; None and empty fields mean the default."""

    code: str
    execution_id: str = ""
    time_limit: timedelta | None = None
    environment: dict[str, str] = field(default_factory=dict)
    place: WantedPlace = field(default_factory=WantedPlace)

    def check(self, limits: ExecutionLimits) -> None:
        """Raise InvalidArgumentError or OutOfRangeError for the first bad field."""
        if not self.code.strip():
            raise InvalidArgumentError("code", "is empty")
        check_code(self.code, limits)
        self.check_rest(limits)

    def check_rest(self, limits: ExecutionLimits) -> None:
        """Check all fields but the code; raises as `check`."""
        if self.execution_id:
            check_id("execution_id", self.execution_id, "call_")
        most = limits.max_time_limit
        if self.time_limit is not None and not timedelta(0) < self.time_limit <= most:
            raise OutOfRangeError(
                "time_limit",
                f"must be over 0 s and at most {most.total_seconds():g} s, "
                f"got {self.time_limit.total_seconds():g} s",
            )
        check_environment(self.environment)
        self.place.check()


def check_code(code: str, limits: ExecutionLimits) -> None:
    """Raise InvalidArgumentError or OutOfRangeError for invalid code, complete or in part."""
    if "\0" in code:
        raise InvalidArgumentError("code", "has a NUL character")
    if (size := len(code.encode())) > limits.max_code_bytes:
        raise OutOfRangeError("code", f"must be at most {limits.max_code_bytes} bytes, got {size}")
