"""Faults of the server's own disk, told as what they are."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from cellblock_server.errors import UnavailableError

FULL = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def disk_faults_told(what: str) -> Iterator[None]:
    """A block whose OSErrors become UnavailableError: `what` failed, and why."""
    try:
        yield
    except OSError as error:
        reason = "STORE_FULL" if error.errno in FULL else "STORE_FAILED"
        raise UnavailableError(reason, f"{what} failed: {error.strerror}") from error
