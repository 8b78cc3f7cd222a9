# Generated from `client/cellblock_client/_async/session_uploads.py` by `make client`: change that.
"""Uploads made only for an attachment: deleted with their session, or after a day.

Each has an expiry, so that none remains, however this process ends. It is deleted earlier
when the server refuses the call that needed it, and when its session is deleted here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from os import PathLike

from cellblock.v1 import file_pb2 as pb
from cellblock_client import content, folders
from cellblock_client._backend_sync import run_blocking
from cellblock_client._sync.files import Files
from cellblock_client.content import Progress, Source
from cellblock_client.errors import (
    AbortedError,
    DeadlineExceededError,
    Error,
    NotFoundError,
    ServerError,
    UnavailableError,
)
from cellblock_client.retry import Deadline
from cellblock_client.types import File, Skipped

EXPIRES_AFTER = timedelta(days=1)
"""Life of a file that is uploaded only to be attached; the longest life of a session by default."""
DISCARD_SECONDS = 5.0
"""Maximum seconds to delete all files: the rest expires."""


def is_refusal(error: BaseException) -> bool:
    """Return whether a call that failed this way has done nothing and will do nothing.

    Otherwise it may still be in progress, and needs its files.
    """
    unknown = (AbortedError, DeadlineExceededError, ServerError, UnavailableError)
    return isinstance(error, Error) and not isinstance(error, unknown)


class SessionUploads:
    """Files that were uploaded for one session."""

    def __init__(self, files: Files) -> None:
        """Upload and delete with `files`."""
        self._files = files
        self._ids: list[str] = []
        self.skipped: list[Skipped] = []
        """Entries of folders that were left out."""

    def add(self, file_id: str) -> None:
        """Add a file to those that are deleted together."""
        self._ids.append(file_id)

    def take_over_files(self, other: "SessionUploads") -> None:
        """Move the files of `other` here."""
        self._ids += other.release()

    def release(self) -> list[str]:
        """Return the files' ids and forget them."""
        released, self._ids = self._ids, []
        return released

    def attachment(
        self,
        item: Source | File,
        filename: str,
        *,
        unpack: bool,
        progress: Progress | None,
        timeout: float | None,
    ) -> pb.Attachment:
        """Return the attachment of a file, uploaded if needed; folders are packed as tar.

        The current folder, `.`, becomes `/mnt/data` itself, so that relative paths are the same.
        """
        if isinstance(item, File):
            return pb.Attachment(file_id=item.id, filename=filename, unpack=unpack)
        if isinstance(item, str | PathLike) and content.is_folder(item):
            name = filename or content.own_name(item)
            with run_blocking(folders.packed, item, self.skipped) as archive:
                file = self._upload(archive, f"{name}.tar", progress, timeout)
            if folders.is_here(item) and not filename:
                name = folders.HERE
            return pb.Attachment(file_id=file.id, filename=name, unpack=True)
        # An archive keeps its own name: `filename` is the folder's.
        name = content.own_name(item) if unpack else ""
        file = self._upload(item, name or filename or None, progress, timeout)
        return pb.Attachment(file_id=file.id, filename=filename, unpack=unpack)

    @contextmanager
    def uploading(self) -> Iterator[None]:
        """Mark a block that uploads; if it fails, its uploads are deleted as unused."""
        try:
            yield
        except Exception:
            self.discard()
            raise

    @contextmanager
    def attaching(self) -> Iterator[None]:
        """Mark a block that makes the call that needs the files."""
        try:
            yield
        except Error as error:
            if is_refusal(error):
                self.discard()
            raise

    def discard(self) -> None:
        """Delete the files. Those that can't be deleted soon are left to their expiry."""
        deadline = Deadline(DISCARD_SECONDS)
        while self._ids and deadline.left():
            try:
                self._files.delete(self._ids[-1], timeout=deadline.left())
            except NotFoundError:
                pass
            except Error:
                return
            self._ids.pop()

    def _upload(
        self, source: Source, name: str | None, progress: Progress | None, timeout: float | None
    ) -> File:
        file = self._files.upload(
            source, name, expires_after=EXPIRES_AFTER, progress=progress, timeout=timeout
        )
        self._ids.append(file.id)
        return file
