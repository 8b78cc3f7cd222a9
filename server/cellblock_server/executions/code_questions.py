"""Questions to a kernel about code that is being written. Nothing is executed or recorded."""

from dataclasses import dataclass
from enum import IntEnum

from cellblock.agent.v1 import agent_pb2 as agent_pb
from cellblock.v1 import execution_pb2 as pb
from cellblock_server.agent.connection import AgentConnection
from cellblock_server.common.errors import OutOfRangeError
from cellblock_server.executions.request import ExecutionLimits, check_code
from cellblock_server.tenants.cpu_quota import CpuQuota

MAX_DETAIL_LEVEL = 1


class CodeStatus(IntEnum):
    """Completeness of code, with the values of `CodeStatus` in `execution.proto`."""

    COMPLETE = pb.CODE_STATUS_COMPLETE
    INCOMPLETE = pb.CODE_STATUS_INCOMPLETE
    INVALID = pb.CODE_STATUS_INVALID
    UNKNOWN = pb.CODE_STATUS_UNKNOWN


STATUSES = {
    agent_pb.CODE_STATUS_COMPLETE: CodeStatus.COMPLETE,
    agent_pb.CODE_STATUS_INCOMPLETE: CodeStatus.INCOMPLETE,
    agent_pb.CODE_STATUS_INVALID: CodeStatus.INVALID,
    agent_pb.CODE_STATUS_UNKNOWN: CodeStatus.UNKNOWN,
}


@dataclass(frozen=True)
class Completion:
    """Text that can be inserted at a position in code."""

    text: str
    type: str


@dataclass(frozen=True)
class Completions:
    """Completions that replace the code between two positions."""

    completions: list[Completion]
    cursor_start: int
    cursor_end: int
    more: bool
    """Whether some completions were left out."""


@dataclass(frozen=True)
class Inspection:
    """Documentation of a name, by MIME type."""

    found: bool
    data: dict[str, str]
    cut: bool


@dataclass(frozen=True)
class CodeCompleteness:
    """Whether code could run as it is, and how its next line would be indented."""

    status: CodeStatus
    indent: str


class Introspection:
    """Questions of tenants to the kernels of their sessions.

    All methods raise InvalidArgumentError or OutOfRangeError for a bad field, QuotaError if
    the tenant has no CPU time left, UnavailableError if the kernel is busy or has no answer.
    """

    def __init__(self, cpu: CpuQuota, limits: ExecutionLimits) -> None:
        """Limit questions as executions: the kernel runs user code to answer them."""
        self._cpu = cpu
        self._limits = limits

    async def complete(
        self, tenant: str, agent: AgentConnection, code: str, cursor_pos: int | None
    ) -> Completions:
        """Return completions at a position in `code`, in code points; None: at its end."""
        place = self._check(tenant, code, cursor_pos)
        answer = await agent.complete_code(code, place)
        completions = [Completion(one.text, one.type) for one in answer.completions]
        return Completions(
            completions=completions,
            cursor_start=answer.cursor_start,
            cursor_end=answer.cursor_end,
            more=answer.more,
        )

    async def inspect(
        self,
        tenant: str,
        agent: AgentConnection,
        code: str,
        cursor_pos: int | None,
        detail_level: int,
    ) -> Inspection:
        """Return documentation of the name at a position in `code`; None: at its end."""
        place = self._check(tenant, code, cursor_pos)
        if not 0 <= detail_level <= MAX_DETAIL_LEVEL:
            raise OutOfRangeError(
                "detail_level", f"must be 0 to {MAX_DETAIL_LEVEL}, got {detail_level}"
            )
        answer = await agent.inspect_code(code, place, detail_level)
        return Inspection(answer.found, dict(answer.data), answer.cut)

    async def is_complete(self, tenant: str, agent: AgentConnection, code: str) -> CodeCompleteness:
        """Return whether `code` could run as it is."""
        self._check(tenant, code, None)
        answer = await agent.is_code_complete(code)
        return CodeCompleteness(STATUSES[answer.status], answer.indent)

    def _check(self, tenant: str, code: str, cursor_pos: int | None) -> int:
        """Check the fields that all questions have. Return the position as a number."""
        check_code(code, self._limits)
        place = len(code) if cursor_pos is None else cursor_pos
        if not 0 <= place <= len(code):
            raise OutOfRangeError("cursor_pos", f"must be 0 to {len(code)}, got {place}")
        self._cpu.check(tenant)
        return place
