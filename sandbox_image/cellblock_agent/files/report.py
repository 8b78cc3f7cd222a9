"""Changes as a message of the protocol, bounded."""

import os
import stat
from collections.abc import Iterable

from cellblock.agent.v1 import agent_pb2 as pb
from cellblock_agent.files.difference import Difference
from cellblock_agent.output.text import escape_unprintable

LATEST = 253_402_300_799 * 10**9
"""Last nanosecond of a Timestamp, approximately: the year 9999."""


def build_file_changes(difference: Difference, max_reported: int) -> pb.FileChanges:
    """Return a difference as lists, each sorted by path and bounded by `max_reported` files."""
    changed = sorted(difference.changed)
    deleted = sorted(difference.deleted)
    skipped = {path: reason for path, (_mark, reason) in difference.unsupported.items()}
    for path in changed[max_reported:]:
        skipped[path] = f"more than {max_reported} files changed"
    message = pb.FileChanges(deleted=deleted[:max_reported])
    for path in changed[:max_reported]:
        change = difference.changed[path]
        file = file_entry(path, change.entry.info)
        message.changed.append(
            pb.ChangedFile(file=file, renamed_from=change.renamed_from, input=change.state.input)
        )
    if difference.incomplete_reason:
        message.skipped.append(pb.SkippedFile(reason=difference.incomplete_reason))
    if len(deleted) > max_reported:
        reason = f"more than {max_reported} files were deleted"
        message.skipped.append(pb.SkippedFile(reason=reason))
    message.skipped.extend(_skipped(sorted(skipped.items())[:max_reported]))
    return message


def file_entry(path: str, info: os.stat_result) -> pb.FileEntry:
    """Return a file's entry in the protocol."""
    message = pb.FileEntry(path=path, bytes=info.st_size, mode=stat.S_IMODE(info.st_mode))
    # User code may set any time, even one outside the calendar.
    message.modify_time.FromNanoseconds(min(max(info.st_mtime_ns, 0), LATEST))
    return message


def folder_entry(path: str, info: os.stat_result) -> pb.FileEntry:
    """Return a directory's entry in the protocol, without a size."""
    message = file_entry(path, info)
    message.bytes = 0
    message.is_folder = True
    return message


def link_entry(path: str, info: os.stat_result, target: str) -> pb.FileEntry:
    """Return a link's entry in the protocol, without a size."""
    message = file_entry(path, info)
    message.bytes = 0
    message.is_link = True
    message.link_target = escape_unprintable(target)
    return message


def _skipped(items: Iterable[tuple[str, str]]) -> Iterable[pb.SkippedFile]:
    return (pb.SkippedFile(path=escape_unprintable(path), reason=reason) for path, reason in items)
