"""Completion and inspection of code by a session's kernel.

Nothing is executed or recorded. Positions are counted in Unicode code points, as in Python's `str`.
The results come from the session's code, and may contain anything.
"""

from dataclasses import dataclass
from enum import Enum

from cellblock.v1 import execution_pb2 as pb
from cellblock_client.calls import Call


@dataclass(frozen=True)
class Completion:
    """One possible completion at a position in code."""

    text: str
    type: str
    """Kind in the kernel's words, such as `function` or `module`; empty if unknown."""


@dataclass(frozen=True)
class Completions:
    """Possible completions, in the kernel's order."""

    items: tuple[Completion, ...]
    """Completions, at most 1000."""
    cursor_start: int
    """Position where the replaced text begins."""
    cursor_end: int
    """Position where the replaced text ends."""
    more: bool
    """Whether some were omitted."""


@dataclass(frozen=True)
class Inspection:
    """Description of a name."""

    found: bool
    """Whether the name exists."""
    data: dict[str, str]
    """Representations by MIME type: `text/plain`, with ANSI colours, and perhaps others."""
    cut: bool
    """Whether content over 1 MiB was omitted."""


class CodeStatus(Enum):
    """Kernel's verdict on code: complete, incomplete or invalid."""

    COMPLETE = pb.CODE_STATUS_COMPLETE
    INCOMPLETE = pb.CODE_STATUS_INCOMPLETE
    INVALID = pb.CODE_STATUS_INVALID
    UNKNOWN = pb.CODE_STATUS_UNKNOWN


@dataclass(frozen=True)
class Completeness:
    """Whether code could run as it is."""

    status: CodeStatus
    indent: str
    """Indentation of the next line, if more code is needed."""


# These calls are not retried while the kernel is busy: an editor must not block the user.


def complete_code(session_id: str, code: str, cursor_pos: int | None) -> Call[Completions]:
    """Complete code at a position."""
    request = pb.CompleteCodeRequest(session_id=session_id, code=code, cursor_pos=cursor_pos)
    return Call("execution", "CompleteCode", request, _completions, repeatable=False)


def inspect_code(
    session_id: str, code: str, cursor_pos: int | None, detail_level: int
) -> Call[Inspection]:
    """Inspect the name at a position."""
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
    """Check whether code is complete."""
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
