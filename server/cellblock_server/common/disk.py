"""The server's own disk: its faults, told as what they are, and what is to outlive the power."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cellblock_server.common.errors import UnavailableError

FULL = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def disk_faults_told(what: str) -> Iterator[None]:
    """A block whose OSErrors become UnavailableError: `what` failed, and why."""
    try:
        yield
    except OSError as error:
        reason = "STORE_FULL" if error.errno in FULL else "STORE_FAILED"
        raise UnavailableError(reason, f"{what} failed: {error.strerror}") from error


def sync_folder(path: Path) -> None:
    """Have the names in a folder written to the disk: to sync a file does that for its bytes only.

    Raises OSError.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
