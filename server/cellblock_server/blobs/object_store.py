"""Where the bytes of files lie: what a store of them must do.

folder_store.py    a folder on this machine
s3_store.py        a bucket of an S3-compatible store
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

CHUNK = 2**20
"""Bytes of a piece that is read."""
GONE = "its bytes are gone"
OTHER_BYTES = "its bytes are not those that were stored"


@dataclass(frozen=True)
class Blob:
    """Stored bytes."""

    sha256: str
    size: int


class DamagedBlobError(Exception):
    """Stored bytes are not there any more, or not all of them, or others."""

    @classmethod
    def short(cls, found: int, size: int) -> "DamagedBlobError":
        """For `found` bytes where `size` were stored."""
        return cls(f"{found} bytes are left of {size}")


class ObjectStore(Protocol):
    """Bytes under their SHA-256, never changed.

    `BlobStore` alone calls it, and sees to it that no hash is put and deleted at once. All methods
    raise UnavailableError if the store is away, full or fails; then they may be repeated.
    """

    async def start(self) -> None:
        """Get ready; called once, before all else."""

    async def close(self) -> None:
        """Let go of what is held open; nothing is called any more."""

    async def check(self) -> None:
        """Raise UnavailableError if it can't be used now. Called every few seconds."""

    async def put(self, file: Path, blob: Blob) -> None:
        """Store what `file` holds, which is `blob`.

        When this returns the bytes outlive the power. What is there of them already is replaced.
        The file may be taken away or not; what is left of it is the caller's to remove.
        """

    def read(self, blob: Blob, offset: int, length: int) -> AsyncIterator[bytes]:
        """Bytes from `offset` on: `length` of them, or all if 0; in pieces of at most 1 MiB.

        Raises DamagedBlobError: if the size is wrong before the first piece, and if all of it
        is read and its hash is wrong before the last one.
        """

    async def link_to(self, blob: Blob, destination: Path, tenant: str) -> bool:
        """Make the bytes appear at `destination`; whether as a link of a file of that tenant.

        No other tenant's links, and nothing that is done to the stored bytes, is seen there.

        Raises DamagedBlobError if the size is wrong, or if bytes that had to be fetched first have
        another hash; ExhaustedError if there is no room to fetch them.
        """

    async def delete(self, sha256: str) -> None:
        """Forget bytes; nothing happens if they are gone. Links to them stay."""

    def hashes(self) -> AsyncIterator[str]:
        """The hashes of all that is stored, whole or not."""
