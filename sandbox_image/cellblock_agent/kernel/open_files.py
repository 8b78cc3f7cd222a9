"""Flush of files that code leaves open at its end, so that their bytes are stored with it."""

import fcntl
import gc
import io
import os
import re
import stat
import weakref
from contextlib import suppress
from pathlib import Path
from typing import Any

MAX_DESCRIPTORS = 1000
"""Maximum number of open files that are examined after one execution."""
MAX_NAMES = 5
"""Maximum number of files that are named after one execution."""
COMPLETED_ON_CLOSING = re.compile(
    r"\.(zip|xls[xm]|docx|pptx|od[tsp]|epub|npz|t?gz|bz2|xz|tar|parquet|feather|arrow|orc|h5|hdf5"
    r"|nc|mp4|avi|mov|mkv|webm|wav|gif|pdf)$",
    re.IGNORECASE,
)
"""Endings of formats that can't be read before their end is written."""

_KINDS = (io.TextIOWrapper, io.BufferedWriter, io.BufferedRandom, io.FileIO)
_found: "weakref.WeakSet[Any]" = weakref.WeakSet()
"""Python's file objects that were found earlier."""
_foreign: set[tuple[int, int]] = set()
"""Descriptors and inodes of open files that no file object has: those of SQLite, for instance."""
_named: set[tuple[int, int]] = set()
"""Descriptors and inodes of files that were named as incomplete."""


def flush_open_files(folder: str) -> list[str]:
    """Write what Python's file objects have buffered for files on the file system of `folder`.

    The search for the objects takes time in a large heap, so it happens only for a file that is
    open for writing and was not seen before. Return names of files that are incomplete until they
    are closed, each once.
    """
    wanted = _writable_files(folder)
    for kept in (_foreign, _named):
        kept.intersection_update(wanted.items())
    if not wanted:
        return []
    _flush_files(wanted)
    return _incomplete_files(wanted)


def _flush_files(wanted: dict[int, int]) -> None:
    missing = wanted.keys() - _flush(list(_found), wanted) - {number for number, _inode in _foreign}
    if not missing:
        return
    new = [one for one in gc.get_objects() if issubclass(type(one), _KINDS)]
    flushed = _flush(new, wanted)
    _foreign.update((number, wanted[number]) for number in missing - flushed)


def _incomplete_files(wanted: dict[int, int]) -> list[str]:
    names: list[str] = []
    for number, inode in wanted.items():
        with suppress(OSError):
            path = Path(os.readlink(f"/proc/self/fd/{number}"))  # noqa: PTH115 - not a file's link
            is_new = (number, inode) not in _named and len(names) < MAX_NAMES
            if is_new and COMPLETED_ON_CLOSING.search(path.name):
                _named.add((number, inode))
                names.append(path.name)
    return names


def _writable_files(folder: str) -> dict[int, int]:
    """Return the inodes of files that are open for writing, by descriptor."""
    with suppress(OSError):
        device = os.stat(folder).st_dev  # noqa: PTH116 - half the time of Path's
        numbers = os.listdir("/proc/self/fd")[:MAX_DESCRIPTORS]  # noqa: PTH208 - likewise
        found = {}
        for number in map(int, numbers):
            # The descriptor of the listing itself is closed by now.
            with suppress(OSError):
                info = os.fstat(number)
                if info.st_dev == device and stat.S_ISREG(info.st_mode):
                    flags = fcntl.fcntl(number, fcntl.F_GETFL)
                    if flags & os.O_ACCMODE != os.O_RDONLY:
                        found[number] = info.st_ino
        return found
    return {}


def _flush(objects: list[Any], wanted: dict[int, int]) -> set[int]:
    """Flush file objects whose descriptors are in `wanted`; return these descriptors."""
    flushed = set()
    for one in objects:
        # Code may have closed or detached it, or derived a class that fails.
        with suppress(Exception):
            number = one.fileno()
            if number in wanted:
                flushed.add(number)
                _found.add(one)
                one.flush()
    return flushed
