"""Current files in the `/mnt/data` of a session."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from cellblock.v1 import file_pb2 as pb
from cellblock_client import content, file_calls
from cellblock_client._async.transport import AsyncTransport
from cellblock_client._backend_async import run_blocking
from cellblock_client.calls import CALL_SECONDS
from cellblock_client.content import Progress, Source, Target
from cellblock_client.errors import NotFoundError
from cellblock_client.receiving import Counted
from cellblock_client.sending import SessionWrite
from cellblock_client.types import SessionFile, SessionFileList


class AsyncSessionFiles:
    """Current files in `/mnt/data`. Paths are absolute, or relative to `/mnt/data`."""

    def __init__(self, transport: "AsyncTransport", session_id: str) -> None:
        """Use `AsyncSession.files`."""
        self._transport = transport
        self._session_id = session_id

    async def list(
        self, folder: str = "", *, depth: int = 0, timeout: float | None = CALL_SECONDS
    ) -> SessionFileList:
        """Return all files, folders and links, or those below `folder`, sorted by path.

        `depth` is the number of levels: 1 for what is directly in the folder, 0 for all.
        """
        pages = self._transport.pages(
            lambda token: file_calls.list_session_files(self._session_id, folder, depth, token),
            timeout,
        )
        return file_calls.session_file_list([page async for page in pages])

    async def stat(self, path: str, *, timeout: float | None = CALL_SECONDS) -> SessionFile:
        """Return what is at a path now; `""` is `/mnt/data` itself. Links are not followed."""
        call = file_calls.stat_session_file(self._session_id, path)
        return await self._transport.call(call, timeout)

    async def exists(self, path: str, *, timeout: float | None = CALL_SECONDS) -> bool:
        """Return whether there is a file, folder or link at a path."""
        try:
            await self.stat(path, timeout=timeout)
        except NotFoundError as error:
            if error.reason != file_calls.NO_SESSION_FILE:
                raise
            return False
        return True

    async def rename(
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
        return await self._transport.call(call, timeout)

    async def chmod(
        self, path: str, mode: int, *, timeout: float | None = CALL_SECONDS
    ) -> SessionFile:
        """Set the permissions of a file or folder, such as `0o755`."""
        call = file_calls.set_session_file_mode(self._session_id, path, mode)
        return await self._transport.call(call, timeout)

    async def read(
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

        async def whole(left: float | None) -> bytes:
            chunks = self._counted(self._transport.data_once(method, request, left), progress)
            return b"".join([chunk async for chunk in chunks])

        return await self._transport.retry_work(whole, timeout)

    def stream(
        self,
        path: str,
        *,
        offset: int = 0,
        length: int = 0,
        progress: Progress | None = None,
        timeout: float | None = None,
    ) -> AsyncGenerator[bytes, None]:
        """Iterate over a file's bytes, or a range of them, in pieces of up to 1 MiB.

        A stream that breaks in between is an error, because the file may have changed.
        """
        request = self._reading(path, offset, length)
        chunks = self._transport.data("ReadSessionFile", request, timeout)
        return self._counted(chunks, progress)

    async def download(
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
        await self._write_to(target, "ReadSessionFile", request, progress, timeout)

    async def write(
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
            return await self._transport.write(write, timeout)

    async def delete(
        self, path: str, *, recursive: bool = False, timeout: float | None = CALL_SECONDS
    ) -> None:
        """Remove a file, a link or an empty folder; with `recursive`, any folder."""
        call = file_calls.delete_session_file(self._session_id, path, recursive=recursive)
        await self._transport.call(call, timeout)

    async def create_folder(
        self, path: str, *, timeout: float | None = CALL_SECONDS
    ) -> SessionFile:
        """Create a folder and its parents. An existing folder stays as it is."""
        return await self._transport.call(
            file_calls.create_session_folder(self._session_id, path), timeout
        )

    async def download_folder(
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
        await self._write_to(target, "DownloadSessionFolder", request, progress, timeout)

    def _reading(self, path: str, offset: int, length: int) -> pb.ReadSessionFileRequest:
        return pb.ReadSessionFileRequest(
            session_id=self._session_id, path=path, offset=offset, length=length
        )

    async def _counted(
        self, chunks: AsyncGenerator[bytes, None], progress: Progress | None
    ) -> AsyncGenerator[bytes, None]:
        counted = Counted(progress)
        async with aclosing(chunks):
            async for chunk in chunks:
                yield counted.count_chunk(chunk)

    async def _write_to(
        self,
        target: Target,
        method: str,
        request: object,
        progress: Progress | None,
        timeout: float | None,
    ) -> None:
        async def write(chunks: AsyncGenerator[bytes, None]) -> None:
            counted = self._counted(chunks, progress)
            with content.created(target) as file:
                async with aclosing(counted):
                    async for chunk in counted:
                        await run_blocking(file.write, chunk)

        if content.is_path(target):
            await self._transport.retry_work(
                lambda left: write(self._transport.data_once(method, request, left)), timeout
            )
        else:
            # Bytes written to the caller's own file can't be undone.
            await write(self._transport.data(method, request, timeout))
