"""File work of the server in threads, with disk failures reported as errors."""

import asyncio
import errno
import hashlib
import os
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, TypeVar

from cellblock_server.blobs.object_store import GONE, DamagedBlobError
from cellblock_server.common.disk import disk_errors_translated

T = TypeVar("T")

MODE = 0o444
"""Mode of stored files: hard links to them are visible in sandboxes, to other users."""
COPIED_BYTES = 64 * 2**20
"""Bytes copied by one system call."""
NO_LINK = (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP)
"""Errors for another file system, or one without links."""


async def in_thread(work: Callable[[], T]) -> T:
    """Do blocking file work in a thread. Raises UnavailableError when the disk is full or fails."""
    with converted_disk_errors():
        return await asyncio.to_thread(work)


def converted_disk_errors() -> AbstractContextManager[None]:
    """Convert disk failures of file work in the block; see `disk_errors_translated`."""
    return disk_errors_translated("the file store")


def open_whole(path: Path, size: int) -> BinaryIO:
    """Open a blob's file. Raises DamagedBlobError unless it has the blob's size."""
    try:
        file = path.open("rb")
    except FileNotFoundError as error:
        raise DamagedBlobError(GONE) from error
    found = os.fstat(file.fileno()).st_size
    if found != size:
        file.close()
        raise DamagedBlobError.short(found, size)
    return file


def seal(path: Path) -> None:
    """Sync a file to the disk and make it read-only."""
    with path.open("rb") as file:
        os.fchmod(file.fileno(), MODE)
        os.fsync(file.fileno())


def link(source: Path, destination: Path) -> bool:
    """Make a file appear at `destination`, too; return whether without a copy."""
    try:
        destination.hardlink_to(source)
    except OSError as error:
        if error.errno not in NO_LINK:
            raise
        _copy(source, destination)
        return False
    return True


def copy_bytes(source: Path, destination: Path, size: int) -> None:
    """Copy a blob's file, by sharing its blocks where the file system can.

    Raises DamagedBlobError unless it has its size.
    """
    with open_whole(source, size) as reading, destination.open("wb") as writing:
        left = size
        while left > 0:
            copied = os.copy_file_range(reading.fileno(), writing.fileno(), min(left, COPIED_BYTES))
            if copied == 0:
                raise DamagedBlobError.short(size - left, size)
            left -= copied


def hash_of(path: Path) -> str:
    """Return a file's SHA-256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _copy(source: Path, destination: Path) -> None:
    try:
        shutil.copyfile(source, destination)
        destination.chmod(MODE)
    except OSError:
        destination.unlink(missing_ok=True)
        raise
