"""Checks of a kernel's answers about code, which user code may have forged."""

from cellblock.agent.v1 import agent_pb2 as pb
from cellblock_server.agent.checks import ProtocolViolationError, check_count

MAX_COMPLETIONS = 1000
MAX_CHARACTERS = 1000
"""Maximum length of one completion, and of an indentation."""
MAX_TYPE_CHARACTERS = 100
MAX_INSPECTION_BYTES = 2**20
MAX_REPRESENTATIONS = 10
MAX_DESCRIBED = 5_000
"""Maximum number of packages, fonts or locales of an image."""
MAX_NAME_CHARACTERS = 200


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


def check_description(answer: pb.DescribeImageResponse) -> None:
    """Raise ProtocolViolationError if the description of an image exceeds its limits."""
    names = [answer.python_version, answer.system]
    for packages in (answer.python_packages, answer.system_packages):
        check_count("packages", len(packages), MAX_DESCRIBED)
        names += [text for package in packages for text in (package.name, package.version)]
    for listed in (answer.programs, answer.fonts, answer.locales):
        check_count("names of an image", len(listed), MAX_DESCRIBED)
        names += listed
    for name in names:
        check_count("characters of a name", len(name), MAX_NAME_CHARACTERS)
