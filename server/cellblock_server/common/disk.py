"""Errors of the server's own disk, and writes that survive a power loss."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cellblock_server.common.errors import UnavailableError

FULL = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def disk_errors_translated(what: str) -> Iterator[None]:
    """Translate OSErrors of the block into UnavailableError: `what` failed, and why."""
    try:
        yield
    except OSError as error:
        reason = "STORE_FULL" if error.errno in FULL else "STORE_FAILED"
        raise UnavailableError(reason, f"{what} failed: {error.strerror}") from error


def sync_folder(path: Path) -> None:
    """Write the names in a folder to the disk; syncing a file writes only its contents.

    Raises OSError.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
