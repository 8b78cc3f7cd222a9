# Generated from `client/cellblock_client/_async/files.py` by `make client`: change that.
"""Stored files."""

import io
from collections.abc import Generator, Iterator
from contextlib import closing

from cellblock_client import content, file_calls
from cellblock_client._backend_sync import run_blocking
from cellblock_client._sync.transport import Transport
from cellblock_client.calls import CALL_SECONDS, Seconds
from cellblock_client.content import Progress, Source, Target
from cellblock_client.receiving import Download
from cellblock_client.sending import Upload
from cellblock_client.types import File, FilePurpose, ListOrder


class Files:
    """Uploads, finds, downloads and deletes stored files."""

    def __init__(self, transport: "Transport") -> None:
        """Use `Client.files`."""
        self._transport = transport

    def upload(
        self,
        source: Source,
        filename: str | None = None,
        *,
        purpose: FilePurpose = FilePurpose.ASSISTANTS,
        expires_after: Seconds | None = None,
        progress: Progress | None = None,
        timeout: float | None = None,
    ) -> File:
        """Upload a file: a path, bytes, or an open binary file from its current position.

        A broken upload resumes where it broke, unless the source can't be read again
        (a pipe). The server verifies the SHA-256. If reading the source fails, that
        error is raised, and nothing is stored. `expires_after`: 1 s to 10 years.
        """
        name = content.name_of(source, filename)
        with content.opened(source) as file:
            upload = Upload(file, name, purpose, expires_after, progress)
            return self._transport.upload(upload, timeout)

    def get(self, file_id: str, *, timeout: float | None = CALL_SECONDS) -> File:
        """Return the metadata of a file."""
        return self._transport.call(file_calls.get_file(file_id), timeout)

    def list(
        self,
        *,
        session_id: str = "",
        execution_id: str = "",
        purpose: FilePurpose | None = None,
        filename: str = "",
        order: ListOrder | None = None,
        timeout: float | None = CALL_SECONDS,
    ) -> Iterator[File]:
        """Iterate over files, newest first by default. Pages are fetched as needed.

        Filter by the session or execution that generated them, by purpose, or by name.
        """
        return self._transport.items(
            lambda token: file_calls.list_files(
                token,
                session_id=session_id,
                execution_id=execution_id,
                purpose=purpose,
                filename=filename,
                order=order,
            ),
            timeout,
        )

    def download(
        self,
        file_id: str,
        target: Target,
        *,
        offset: int = 0,
        length: int = 0,
        progress: Progress | None = None,
        timeout: float | None = None,
    ) -> File:
        """Write a file's bytes, or `length` bytes from `offset`, to a path or file.

        A path changes only when all bytes have arrived. A broken download resumes where
        it broke. Raises DamagedDataError if a complete file differs from the stored one.
        """
        download = Download(file_id, offset, length, progress)
        chunks = self._transport.download(download, timeout)
        with content.created(target) as file, closing(chunks):
            for chunk in chunks:
                run_blocking(file.write, chunk)
        return download.file

    def stream(
        self,
        file_id: str,
        *,
        offset: int = 0,
        length: int = 0,
        progress: Progress | None = None,
        timeout: float | None = None,
    ) -> Generator[bytes, None, None]:
        """Iterate over a file's bytes, or a range of them, in pieces of up to 1 MiB.

        Resumes like `download`, and verifies the bytes after the last piece.
        """
        return self._transport.download(Download(file_id, offset, length, progress), timeout)

    def read(self, file_id: str, *, timeout: float | None = None) -> bytes:
        """Return the bytes of a file."""
        memory = io.BytesIO()
        self.download(file_id, memory, timeout=timeout)
        return memory.getvalue()

    def delete(self, file_id: str, *, timeout: float | None = CALL_SECONDS) -> None:
        """Delete a file. Sessions to which it is attached keep their copy."""
        self._transport.call(file_calls.delete_file(file_id), timeout)
