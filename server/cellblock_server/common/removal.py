"""Remove folders that code has filled, whatever their modes and depth."""

import os
import shutil
import sys
import uuid
from contextlib import suppress
from pathlib import Path


def remove_tree(path: Path) -> None:
    """Remove a folder with all that is in it; nothing happens if it is gone.

    Folders without write permission and nesting beyond Python's recursion limit do not prevent
    it. Never follows links. Raises OSError.
    """
    try:
        shutil.rmtree(path, onerror=_ignore_missing)
    except (OSError, RecursionError):
        _remove_stubborn(path)


def _remove_stubborn(root: Path) -> None:
    """Move each folder to the top before it is emptied: then depth does not matter."""
    try:
        top = _open_with_rights(str(root))
    except FileNotFoundError:
        return
    try:
        waiting = _empty(top, top)
        while waiting:
            name = waiting.pop()
            folder = _open_with_rights(name, top)
            try:
                waiting += _empty(folder, top)
            finally:
                os.close(folder)
            os.rmdir(name, dir_fd=top)
    finally:
        os.close(top)
    root.rmdir()


def _empty(folder: int, top: int) -> list[str]:
    """Remove the files of a folder, and move its folders to the top; return their new names."""
    moved = []
    with os.scandir(folder) as entries:
        found = list(entries)
    for entry in found:
        if not entry.is_dir(follow_symlinks=False):
            os.unlink(entry.name, dir_fd=folder)
            continue
        # A folder is moved only by who may write to it.
        os.close(_open_with_rights(entry.name, folder))
        name = uuid.uuid4().hex
        os.rename(entry.name, name, src_dir_fd=folder, dst_dir_fd=top)
        moved.append(name)
    return moved


def _open_with_rights(name: str, parent: int | None = None) -> int:
    """Open a folder, not a link to one, after all rights to it are granted to its owner."""
    pin = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=parent)
    try:
        path = Path(f"/proc/self/fd/{pin}")
        with suppress(PermissionError):  # another user's: whether it matters shows below
            path.chmod(0o700)
        return os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    finally:
        os.close(pin)


def _ignore_missing(
    _function: object, _path: str, info: tuple[object, BaseException, object]
) -> None:
    if not isinstance(info[1], FileNotFoundError):
        raise info[1]


if __name__ == "__main__":
    remove_tree(Path(sys.argv[1]))
