"""Paths below the data directory, and their errors."""

import errno
import os
import stat

from cellblock_agent.output.text import escape_unprintable

MAX_DEPTH = 16
"""Maximum depth of directories below the data directory."""

KINDS = {
    stat.S_IFLNK: "is a link",
    stat.S_IFIFO: "is a FIFO",
    stat.S_IFSOCK: "is a socket",
    stat.S_IFCHR: "is a device",
    stat.S_IFBLK: "is a device",
    stat.S_IFDIR: "is a folder",
}
UNKNOWN_KIND = "is not a plain file"
NO_ACCESS = "can't be read: permission denied"


class BadPathError(Exception):
    """A path is invalid: no file of the data directory can have it."""


class NotPlainError(Exception):
    """An entry exists, but it is not a readable plain file or directory as required."""


class NoAccessError(NotPlainError):
    """Code has removed access to a directory."""


def parts_of(path: str, *, max_parts: int = MAX_DEPTH + 1) -> list[str]:
    """Return the parts of a path; refuse one that leaves the directory or is too deep.

    Raises BadPathError.
    """
    parts = path.split("/")
    if "\0" in path or any(part in ("", ".", "..") for part in parts):
        raise BadPathError(f"{escape_unprintable(path)!r} is not a path below the data folder")
    if len(parts) > max_parts:
        raise BadPathError(f"{escape_unprintable(path)!r} is more than {MAX_DEPTH} folders deep")
    return parts


def is_utf8(path: str) -> bool:
    """Return whether a path can be sent in a protobuf message."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def unreadable_reason(error: OSError) -> str:
    """Return why an entry can't be opened, for people."""
    if error.errno in (errno.EACCES, errno.EPERM):
        return NO_ACCESS
    return f"can't be read: {os.strerror(error.errno or errno.EIO).lower()}"
