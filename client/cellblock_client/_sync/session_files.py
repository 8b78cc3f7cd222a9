# Generated from `client/cellblock_client/_async/session_files.py` by `make client`: change that.
"""Current files in the `/mnt/data` of a session."""

from collections.abc import Generator
from contextlib import closing

from cellblock.v1 import file_pb2 as pb
from cellblock_client import content, file_calls
from cellblock_client._backend_sync import run_blocking
from cellblock_client._sync.transport import Transport
from cellblock_client.calls import CALL_SECONDS
from cellblock_client.content import Progress, Source, Target
from cellblock_client.errors import NotFoundError
from cellblock_client.receiving import Counted
from cellblock_client.sending import SessionWrite
from cellblock_client.types import SessionFile, SessionFileList


class SessionFiles:
    """Current files in `/mnt/data`. Paths are absolute, or relative to `/mnt/data`."""

    def __init__(self, transport: "Transport", session_id: str) -> None:
        """Use `Session.files`."""
        self._transport = transport
        self._session_id = session_id

    def list(
        self, folder: str = "", *, depth: int = 0, timeout: float | None = CALL_SECONDS
    ) -> SessionFileList:
        """Return all files, folders and links, or those below `folder`, sorted by path.

        `depth` is the number of levels: 1 for what is directly in the folder, 0 for all.
        """
        pages = self._transport.pages(
            lambda token: file_calls.list_session_files(self._session_id, folder, depth, token),
            timeout,
        )
        return file_calls.session_file_list(list(pages))

    def stat(self, path: str, *, timeout: float | None = CALL_SECONDS) -> SessionFile:
        """Return what is at a path now; `""` is `/mnt/data` itself. Links are not followed."""
        call = file_calls.stat_session_file(self._session_id, path)
        return self._transport.call(call, timeout)

    def exists(self, path: str, *, timeout: float | None = CALL_SECONDS) -> bool:
        """Return whether there is a file, folder or link at a path."""
        try:
            self.stat(path, timeout=timeout)
        except NotFoundError as error:
            if error.reason != file_calls.NO_SESSION_FILE:
                raise
            return False
        return True

    def rename(
        self,
        path: str,
        new_path: str,
        *,
        overwrite: bool = False,
        timeout: float | None = CALL_SECONDS,
    ) -> SessionFile:
        """Rename or move a file, folder or link. Missing folders are created.

        With `overwrite`, a file, link or empty folder at `new_path` is replaced.
        """
        call = file_calls.move_session_file(self._session_id, path, new_path, overwrite=overwrite)
        return self._transport.call(call, timeout)

    def chmod(self, path: str, mode: int, *, timeout: float | None = CALL_SECONDS) -> SessionFile:
        """Set the permissions of a file or folder, such as `0o755`."""
        call = file_calls.set_session_file_mode(self._session_id, path, mode)
        return self._transport.call(call, timeout)

    def read(
        self,
        path: str,
        *,
        offset: int = 0,
        length: int = 0,
        progress: Progress | None = None,
        timeout: float | None = None,
    ) -> bytes:
        """Return a file's bytes, or `length` bytes from `offset`."""
        request = self._reading(path, offset, length)
        method = "ReadSessionFile"

        def whole(left: float | None) -> bytes:
            chunks = self._counted(self._transport.data_once(method, request, left), progress)
            return b"".join(list(chunks))

        return self._transport.retry_work(whole, timeout)

    def stream(
        self,
        path: str,
        *,
        offset: int = 0,
        length: int = 0,
        progress: Progress | None = None,
        timeout: float | None = None,
    ) -> Generator[bytes, None, None]:
        """Iterate over a file's bytes, or a range of them, in pieces of up to 1 MiB.

        A stream that breaks in between is an error, because the file may have changed.
        """
        request = self._reading(path, offset, length)
        chunks = self._transport.data("ReadSessionFile", request, timeout)
        return self._counted(chunks, progress)

    def download(
        self,
        path: str,
        target: Target,
        *,
        offset: int = 0,
        length: int = 0,
        progress: Progress | None = None,
        timeout: float | None = None,
    ) -> None:
        """Write a file's bytes, or a range of them, to a path or file of this machine.

        A path changes only when all bytes have arrived.
        """
        request = self._reading(path, offset, length)
        self._write_to(target, "ReadSessionFile", request, progress, timeout)

    def write(
        self,
        path: str,
        source: Source,
        *,
        mode: int | None = None,
        progress: Progress | None = None,
        timeout: float | None = None,
    ) -> SessionFile:
        """Write a file, replacing an existing one. Missing folders are created.

        `source` is a path of this machine, bytes, or an open binary file. The file
        appears complete or not at all. `mode` has its permissions, `0o644` by default.
        """
        with content.opened(source) as file:
            write = SessionWrite(file, self._session_id, path, progress, mode)
            return self._transport.write(write, timeout)

    def delete(
        self, path: str, *, recursive: bool = False, timeout: float | None = CALL_SECONDS
    ) -> None:
        """Remove a file, a link or an empty folder; with `recursive`, any folder."""
        call = file_calls.delete_session_file(self._session_id, path, recursive=recursive)
        self._transport.call(call, timeout)

    def create_folder(self, path: str, *, timeout: float | None = CALL_SECONDS) -> SessionFile:
        """Create a folder and its parents. An existing folder stays as it is."""
        return self._transport.call(
            file_calls.create_session_folder(self._session_id, path), timeout
        )

    def download_folder(
        self,
        path: str,
        target: Target,
        *,
        progress: Progress | None = None,
        timeout: float | None = None,
    ) -> None:
        """Write a folder, `""` for all, as a ZIP archive to a path or file.

        Links are left out. A path changes only when the archive is complete.
        """
        request = pb.DownloadSessionFolderRequest(session_id=self._session_id, path=path)
        self._write_to(target, "DownloadSessionFolder", request, progress, timeout)

    def _reading(self, path: str, offset: int, length: int) -> pb.ReadSessionFileRequest:
        return pb.ReadSessionFileRequest(
            session_id=self._session_id, path=path, offset=offset, length=length
        )

    def _counted(
        self, chunks: Generator[bytes, None, None], progress: Progress | None
    ) -> Generator[bytes, None, None]:
        counted = Counted(progress)
        with closing(chunks):
            for chunk in chunks:
                yield counted.count_chunk(chunk)

    def _write_to(
        self,
        target: Target,
        method: str,
        request: object,
        progress: Progress | None,
        timeout: float | None,
    ) -> None:
        def write(chunks: Generator[bytes, None, None]) -> None:
            counted = self._counted(chunks, progress)
            with content.created(target) as file, closing(counted):
                for chunk in counted:
                    run_blocking(file.write, chunk)

        if content.is_path(target):
            self._transport.retry_work(
                lambda left: write(self._transport.data_once(method, request, left)), timeout
            )
        else:
            # Bytes written to the caller's own file can't be undone.
            write(self._transport.data(method, request, timeout))
