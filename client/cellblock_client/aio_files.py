"""Files, for asyncio: `files.py` with `await`, name for name."""

import io
from collections.abc import AsyncIterator

from cellblock.v1 import file_pb2
from cellblock_client import calls, content
from cellblock_client.aio_transport import AsyncTransport
from cellblock_client.calls import CALL_SECONDS
from cellblock_client.types import (
    File,
    FilePurpose,
    SessionFile,
    file_of,
    session_file,
)


class AsyncFiles:
    """Stores, finds and fetches files."""

    def __init__(self, transport: "AsyncTransport") -> None:
        """Use `AsyncClient.files`."""
        self._transport = transport

    async def upload(
        self,
        source: content.Source,
        filename: str | None = None,
        *,
        timeout: float | None = None,
    ) -> File:
        """Store a file: a path, bytes, or an open binary file."""
        name = content.name_of(source, filename)
        with content.opened(source) as file:
            requests = content.upload_requests(file, name)
            response = await self._transport.send("file", "UploadFile", requests, timeout)
        return file_of(response.file)

    async def get(self, file_id: str, *, timeout: float | None = CALL_SECONDS) -> File:
        """A file's metadata."""
        return await self._transport.call(calls.get_file(file_id), timeout)

    def list(
        self,
        *,
        session_id: str = "",
        purpose: FilePurpose | None = None,
        timeout: float | None = CALL_SECONDS,
    ) -> AsyncIterator[File]:
        """Files, newest first."""
        return self._transport.pages(
            lambda token: calls.list_files(token, session_id, purpose), timeout
        )

    async def download(
        self,
        file_id: str,
        target: content.Target,
        *,
        offset: int = 0,
        length: int = 0,
        timeout: float | None = None,
    ) -> File:
        """Write a file's bytes, or `length` of them from `offset` on, to a path or file."""
        request = file_pb2.DownloadFileRequest(file_id=file_id, offset=offset, length=length)
        responses = self._transport.stream("file", "DownloadFile", request, timeout)
        # The first message tells whether there is such a file: nothing is made before.
        metadata = file_of((await anext(responses)).file)
        with content.created(target) as file:
            async for response in responses:
                file.write(response.data)
        return metadata

    async def read(self, file_id: str, *, timeout: float | None = None) -> bytes:
        """A file's bytes."""
        memory = io.BytesIO()
        await self.download(file_id, memory, timeout=timeout)
        return memory.getvalue()

    async def delete(self, file_id: str, *, timeout: float | None = CALL_SECONDS) -> None:
        """Forget a file."""
        await self._transport.call(calls.delete_file(file_id), timeout)


class AsyncSessionFiles:
    """What lies in a session's `/mnt/data` now."""

    def __init__(self, transport: "AsyncTransport", session_id: str) -> None:
        """Use `Session.files`."""
        self._transport = transport
        self._session_id = session_id

    async def list(self, *, timeout: float | None = CALL_SECONDS) -> tuple[SessionFile, ...]:
        """All files, by path."""
        return await self._transport.call(calls.list_session_files(self._session_id), timeout)

    async def read(self, path: str, *, timeout: float | None = None) -> bytes:
        """A file's bytes; `path` is below `/mnt/data`."""
        request = file_pb2.ReadSessionFileRequest(session_id=self._session_id, path=path)
        responses = self._transport.stream("file", "ReadSessionFile", request, timeout)
        return b"".join([response.data async for response in responses])

    async def write(
        self, path: str, source: content.Source, *, timeout: float | None = None
    ) -> SessionFile:
        """Write a file, replacing what was there."""
        with content.opened(source) as file:
            requests = content.write_requests(file, self._session_id, path)
            response = await self._transport.send("file", "WriteSessionFile", requests, timeout)
        return session_file(response.file)
