"""Paths below the data folder, and what may be wrong with them."""

from cellblock_agent.output.text import escape_unprintable

MAX_DEPTH = 16
"""Folders below the data folder that are looked into."""


class BadPathError(Exception):
    """A path that no file of the data folder can have."""


class NotPlainError(Exception):
    """Something is there, but it is not what was asked for: a plain file, or a folder."""


def parts_of(path: str, *, max_parts: int = MAX_DEPTH + 1) -> list[str]:
    """The parts of a path; one that leads out of the folder or too deep is refused.

    Raises BadPathError.
    """
    parts = path.split("/")
    if "\0" in path or any(part in ("", ".", "..") for part in parts):
        raise BadPathError(f"{escape_unprintable(path)!r} is not a path below the data folder")
    if len(parts) > max_parts:
        raise BadPathError(f"{escape_unprintable(path)!r} is more than {MAX_DEPTH} folders deep")
    return parts


def is_utf8(path: str) -> bool:
    """Whether a path can be told in a protobuf message."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
