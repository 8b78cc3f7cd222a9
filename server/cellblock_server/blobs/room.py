"""Free space on the server's disk, a part of which is reserved for work that must not fail."""

import shutil
from datetime import timedelta
from pathlib import Path

from cellblock_server.blobs.local import converted_disk_errors
from cellblock_server.common.errors import ExhaustedError

LOW_RETRY_AFTER = timedelta(minutes=1)
"""Time after which a caller may retry when the disk was nearly full."""


class DiskSpace:
    """Free space of the server's disk for work that may fail."""

    def __init__(self, folder: Path, min_free_bytes: int) -> None:
        """Reserve `min_free_bytes` of the disk of `folder` for work that must not fail."""
        self._folder = folder
        self._min_free = min_free_bytes

    def check(self, more: int) -> None:
        """Raise ExhaustedError if `more` bytes leave less than the reserved space."""
        with converted_disk_errors():
            free = shutil.disk_usage(self._folder).free
        if free - more < self._min_free:
            raise ExhaustedError(
                "DISK_LOW",
                f"the server's disk is nearly full: {more} more bytes would leave less than the "
                f"{self._min_free} that are kept free",
                LOW_RETRY_AFTER,
            )
