"""Locks on folders. The system releases them when the process that holds them ends."""

from pathlib import Path

from filelock import FileLock


def folder_lock(file: Path) -> FileLock:
    """Return a lock that one process at a time can hold, through a file in the folder.

    On a file system that has no locks, acquiring it raises OSError: a lock that is only a file
    would stay behind after a crash.
    """
    return FileLock(file, fallback_to_soft=False, thread_local=False)
