"""Removal of a directory with its content, however deep hostile code has nested it."""

import errno
import os
import secrets
import time
from contextlib import suppress
from itertools import islice

from cellblock_agent.files.walk import PIN_FLAGS, open_folder

MAX_SECONDS = 50.0
"""Longest removal; running code could add entries for ever."""
BATCH = 1000
"""Number of names that are read in one batch."""


def remove_tree(parent: int, name: str) -> None:
    """Remove a directory. Raises FileNotFoundError, or OSError if it can't be done in time.

    `shutil.rmtree` keeps a descriptor and a Python frame for each level: too many for a thousand
    levels. Here each subdirectory is moved to the top before it is emptied. Links are removed,
    never followed.
    """
    end = time.monotonic() + MAX_SECONDS
    top = _open(parent, name)
    try:
        while names := _names(top, end):
            todo = [name for name in names if not _unlink(top, name)]
            while todo:
                todo += _empty(top, todo.pop(), end)
    finally:
        os.close(top)
    os.rmdir(name, dir_fd=parent)


def _empty(top: int, name: str, end: float) -> list[str]:
    """Remove a directory of `top`; return its subdirectories, which are moved to `top`."""
    todo: list[str] = []
    try:
        folder = _open(top, name)
    except FileNotFoundError:
        return []
    except NotADirectoryError:
        return [] if _unlink(top, name) else [name]
    try:
        while names := _names(folder, end):
            for inner in names:
                if not _unlink(folder, inner):
                    new = secrets.token_hex(8)
                    _make_open(folder, inner)
                    os.rename(inner, new, src_dir_fd=folder, dst_dir_fd=top)
                    todo.append(new)
    finally:
        os.close(folder)
    try:
        os.rmdir(name, dir_fd=top)
    except OSError as error:
        if error.errno != errno.ENOTEMPTY:
            raise
        todo.append(name)
    return todo


def _names(folder: int, end: float) -> list[str]:
    if time.monotonic() > end:
        raise TimeoutError(errno.ETIMEDOUT, f"it could not be removed in {MAX_SECONDS:g} s")
    with os.scandir(folder) as children:
        return [child.name for child in islice(children, BATCH)]


def _unlink(folder: int, name: str) -> bool:
    """Remove anything but a directory that is not empty; return whether it is gone."""
    try:
        os.unlink(name, dir_fd=folder)
    except FileNotFoundError:
        return True
    except IsADirectoryError:
        try:
            os.rmdir(name, dir_fd=folder)
        except OSError:
            return False
    return True


def _open(folder: int, name: str) -> int:
    _make_open(folder, name)
    return open_folder(name, folder)


def _make_open(folder: int, name: str) -> None:
    """Make a directory readable and writable that code has made inaccessible."""
    with suppress(NotADirectoryError):
        path = os.open(name, PIN_FLAGS, dir_fd=folder)
        try:
            # chmod has no other way to avoid following a link.
            os.chmod(f"/proc/self/fd/{path}", 0o700)  # noqa: PTH101 - not a path
        finally:
            os.close(path)
