"""Room on the server's disk: some is kept for those who must not fail."""

import shutil
from datetime import timedelta
from pathlib import Path

from cellblock_server.blobs.local import faults_told
from cellblock_server.common.errors import ExhaustedError

LOW_RETRY_AFTER = timedelta(minutes=1)
"""When a caller that met a disk that is nearly full may come back."""


class Room:
    """What is left of the server's disk to those who may fail."""

    def __init__(self, folder: Path, min_free_bytes: int) -> None:
        """Keep `min_free_bytes` of the disk of `folder` free for those who must not fail."""
        self._folder = folder
        self._min_free = min_free_bytes

    def check(self, more: int) -> None:
        """Raise ExhaustedError if `more` bytes leave too little of the disk."""
        with faults_told():
            free = shutil.disk_usage(self._folder).free
        if free - more < self._min_free:
            raise ExhaustedError(
                "DISK_LOW",
                f"the server's disk is nearly full: {more} bytes more leave less than the "
                f"{self._min_free} that are kept free",
                LOW_RETRY_AFTER,
            )
