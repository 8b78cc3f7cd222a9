"""What a session's kernel tells of code that somebody writes: types, and calls.

Nothing is executed or recorded. Places are counted in Unicode code points, as Python's `str`
counts them. What is told comes from the session's code, which may have put anything into it.
"""

from dataclasses import dataclass
from enum import Enum

from cellblock.v1 import execution_pb2 as pb
from cellblock_client.calls import Call


@dataclass(frozen=True)
class Completion:
    """One thing that may stand at a place in code."""

    text: str
    type: str
    """Such as `function` or `module`, as the kernel calls it; empty if unknown."""


@dataclass(frozen=True)
class Completions:
    """What may stand there, as the kernel orders it."""

    items: tuple[Completion, ...]
    """At most 1000."""
    cursor_start: int
    """Where what they replace begins."""
    cursor_end: int
    """Where it ends."""
    more: bool
    """Whether some were left out."""


@dataclass(frozen=True)
class Inspection:
    """What a name is."""

    found: bool
    """Whether there is such a name."""
    data: dict[str, str]
    """Representations by MIME type: `text/plain`, with ANSI colours, and perhaps others."""
    cut: bool
    """Whether some of it was left out: past 1 MiB."""


class CodeStatus(Enum):
    """What a kernel thinks of code."""

    COMPLETE = pb.CODE_STATUS_COMPLETE
    INCOMPLETE = pb.CODE_STATUS_INCOMPLETE
    INVALID = pb.CODE_STATUS_INVALID
    UNKNOWN = pb.CODE_STATUS_UNKNOWN


@dataclass(frozen=True)
class Completeness:
    """Whether code could run as it is."""

    status: CodeStatus
    indent: str
    """What the next line should begin with, if more has to come."""


# None is made again by itself while the kernel is busy: who writes wants to go on writing.


def complete_code(session_id: str, code: str, cursor_pos: int | None) -> Call[Completions]:
    """CompleteCode."""
    request = pb.CompleteCodeRequest(session_id=session_id, code=code, cursor_pos=cursor_pos)
    return Call("execution", "CompleteCode", request, _completions, repeatable=False)


def inspect_code(
    session_id: str, code: str, cursor_pos: int | None, detail_level: int
) -> Call[Inspection]:
    """InspectCode."""
    request = pb.InspectCodeRequest(
        session_id=session_id, code=code, cursor_pos=cursor_pos, detail_level=detail_level
    )
    return Call(
        "execution",
        "InspectCode",
        request,
        lambda r: Inspection(r.found, dict(r.data), r.cut),
        repeatable=False,
    )


def is_code_complete(session_id: str, code: str) -> Call[Completeness]:
    """IsCodeComplete."""
    request = pb.IsCodeCompleteRequest(session_id=session_id, code=code)
    return Call(
        "execution",
        "IsCodeComplete",
        request,
        lambda r: Completeness(CodeStatus(r.status), r.indent),
        repeatable=False,
    )


def _completions(response: pb.CompleteCodeResponse) -> Completions:
    return Completions(
        tuple(Completion(item.text, item.type) for item in response.completions),
        response.cursor_start,
        response.cursor_end,
        response.more,
    )
