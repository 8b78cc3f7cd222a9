"""Interface of stores for the bytes of files.

folder_store.py a folder on this machine

s3_store.py a bucket of an S3-compatible store
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

CHUNK = 2**20
"""Size of a piece that is read."""
GONE = "its bytes are gone"
OTHER_BYTES = "its bytes are not those that were stored"


@dataclass(frozen=True)
class Blob:
    """Hash and size of stored bytes."""

    sha256: str
    size: int


class DamagedBlobError(Exception):
    """Stored bytes are missing, incomplete or changed."""

    @classmethod
    def short(cls, found: int, size: int) -> "DamagedBlobError":
        """Return the error for `found` bytes where `size` were stored."""
        return cls(f"{found} bytes are left of {size}")


class ObjectStore(Protocol):
    """Bytes under their SHA-256, never changed.

    Only `BlobStore` calls it, and never puts and deletes the same hash concurrently. All methods
    raise UnavailableError if the store is unavailable, full or fails; then they may be repeated.
    """

    async def start(self) -> None:
        """Prepare; called once, first."""

    async def close(self) -> None:
        """Release all connections and files; called last."""

    async def check(self) -> None:
        """Raise UnavailableError if the store can't be used now. Called every few seconds."""

    async def put(self, file: Path, blob: Blob) -> None:
        """Store the bytes of `file`, which is `blob`.

        When this returns the bytes survive a power failure. Existing bytes of this hash are
        replaced. The file may be moved or not; the caller removes what is left of it.
        """

    def read(self, blob: Blob, offset: int, length: int) -> AsyncIterator[bytes]:
        """Yield `length` bytes from `offset`, or all if 0, in pieces of at most 1 MiB.

        Raises DamagedBlobError: if the size is wrong before the first piece, and if everything is
        read and its hash is wrong before the last one.
        """

    async def link_to(self, blob: Blob, destination: Path, tenant: str) -> bool:
        """Make the bytes appear at `destination`; return whether as a link of the tenant's file.

        No other tenant's links, and no change to the stored bytes, is visible there.

        Raises DamagedBlobError if the size is wrong, or if bytes that had to be fetched first have
        another hash; ExhaustedError if the disk has no space to fetch them.
        """

    async def delete(self, sha256: str) -> None:
        """Delete bytes; nothing happens if they are gone. Links to them stay."""

    def hashes(self) -> AsyncIterator[str]:
        """Yield the hashes of all stored blobs, complete or not."""
