"""Digests of the bytes that the server has of the files in the data directory."""

import hashlib

from cellblock_agent.files.data_folder import DataFolder
from cellblock_agent.files.paths import BadPathError, NotPlainError

MAX_COMPARED_BYTES = 512 * 2**20
"""Maximum number of bytes that one scan reads; more count as changed."""
READ_BYTES = 2**20
NOT_READ = b""
"""Digest of a file that was reported and that the server has not read, because of its limits."""


class KnownContent:
    """Digests by path, with which files are compared whose state does not show a change."""

    def __init__(self, folder: DataFolder, max_bytes: int = MAX_COMPARED_BYTES) -> None:
        """Compare files of `folder`, up to `max_bytes` in each scan."""
        self._folder = folder
        self._max_bytes = self._left = max_bytes
        self._digests: dict[str, bytes] = {}

    def note_digest(self, path: str, digest: bytes) -> None:
        """Note the digest of the bytes that the server has."""
        self._digests[path] = digest

    def note_reported(self, path: str) -> None:
        """Note that a file was reported; the server is going to read it, or it does not want to."""
        self._digests[path] = NOT_READ

    def forget(self, path: str) -> None:
        """Forget a file's digest."""
        self._digests.pop(path, None)

    def begin_comparison(self) -> "KnownContent":
        """Allow the bytes of one scan to be read."""
        self._left = self._max_bytes
        return self

    def has_known_bytes(self, path: str, if_unread: bool) -> bool:
        """Return whether a file has the bytes that the server has; False if that is unknown.

        Return `if_unread` for a file that was reported and that the server has not read.
        """
        digest = self._digests.get(path)
        if digest is None:
            return False
        if digest == NOT_READ:
            return if_unread
        try:
            return self._digest_of(path) == digest
        except (OSError, NotPlainError, BadPathError):
            return False

    def _digest_of(self, path: str) -> bytes | None:
        """Return the digest of a file's bytes; None if they are too many."""
        found = hashlib.sha256()
        with self._folder.open(path) as file:
            while data := file.read(READ_BYTES):
                self._left -= len(data)
                if self._left < 0:
                    return None
                found.update(data)
        return found.digest()
