"""Names of archive members: which are extracted, which are skipped, which mean an attack."""

import re
from dataclasses import dataclass

from cellblock_agent.files.paths import is_utf8
from cellblock_agent.output.text import escape_unprintable

MAX_NAME_BYTES = 255
"""Maximum length of one part of a path; NAME_MAX of Linux."""
MAX_SHOWN = 200
DRIVE = re.compile(r"[A-Za-z]:")


class BadArchiveError(Exception):
    """An archive is refused; the message is the reason and follows the archive's name."""


@dataclass(frozen=True)
class UnusableName:
    """A member's name that no file can have here, with the reason."""

    reason: str


def format_member_name(name: str) -> str:
    """Return a member's name for people: printable and shortened."""
    whole = escape_unprintable(name)
    return whole if len(whole) <= MAX_SHOWN else f"{whole[:MAX_SHOWN]}…"


def parts_of_member(name: str, max_parts: int) -> tuple[str, ...] | UnusableName:
    """Return a member's path in parts; empty for the root directory (`./`).

    Raises BadArchiveError for a path that leaves the directory: no honest archive has one.
    """
    rule = _broken_rule(name)
    path = name.rstrip("/")
    while path.startswith("./"):
        path = path[2:]
    if path in ("", ".") and not rule:
        return ()
    parts = tuple(path.split("/"))
    if not rule and any(part in ("", ".", "..") for part in parts):
        rule = "has a part that is empty, `.` or `..`"
    if not rule and len(parts) > max_parts:
        rule = f"is more than {max_parts - 1} folders deep"
    if rule:
        raise BadArchiveError(f"has {format_member_name(name)!r}, which {rule}")
    if any(sign < " " or sign == "\x7f" for sign in path):
        return UnusableName("has a name with control characters")
    if not is_utf8(path):
        return UnusableName("has a name that is not UTF-8")
    if any(len(part.encode()) > MAX_NAME_BYTES for part in parts):
        return UnusableName(f"has a name of more than {MAX_NAME_BYTES} bytes")
    return parts


def _broken_rule(name: str) -> str:
    if not name:
        return "is an empty name"
    if "\0" in name:
        return "has a NUL character"
    if "\\" in name:
        return "has a backslash"
    if name.startswith("/"):
        return "is an absolute path"
    if DRIVE.match(name):
        return "begins with a drive letter"
    return ""
