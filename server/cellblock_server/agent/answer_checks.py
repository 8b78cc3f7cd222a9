"""Checks of a kernel's answers about code, which user code may have forged."""

from cellblock.agent.v1 import agent_pb2 as pb
from cellblock_server.agent.checks import ProtocolViolationError, check_count

MAX_COMPLETIONS = 1000
MAX_CHARACTERS = 1000
"""Maximum length of one completion, and of an indentation."""
MAX_TYPE_CHARACTERS = 100
MAX_INSPECTION_BYTES = 2**20
MAX_REPRESENTATIONS = 10


def check_completions(answer: pb.CompleteCodeResponse, code: str) -> None:
    """Raise ProtocolViolationError unless the completions fit a position in `code`."""
    check_count("place in code", answer.cursor_end, len(code))
    check_count("place in code", answer.cursor_start, answer.cursor_end)
    check_count("completions", len(answer.completions), MAX_COMPLETIONS)
    for completion in answer.completions:
        check_count("characters of a completion", len(completion.text), MAX_CHARACTERS)
        check_count("characters of a type", len(completion.type), MAX_TYPE_CHARACTERS)


def check_inspection(answer: pb.InspectCodeResponse) -> None:
    """Raise ProtocolViolationError if an inspection exceeds its limits."""
    check_count("representations", len(answer.data), MAX_REPRESENTATIONS)
    size = sum(len(text.encode()) for text in answer.data.values())
    check_count("bytes of an inspection", size, MAX_INSPECTION_BYTES)
    for name in answer.data:
        check_count("characters of a type", len(name), MAX_TYPE_CHARACTERS)


def check_completeness(answer: pb.IsCodeCompleteResponse) -> None:
    """Raise ProtocolViolationError for an unknown status or an indentation that is too long."""
    if answer.status == pb.CODE_STATUS_UNSPECIFIED or answer.status not in pb.CodeStatus.values():
        raise ProtocolViolationError(f"status {answer.status} of code")
    check_count("characters of an indentation", len(answer.indent), MAX_CHARACTERS)
