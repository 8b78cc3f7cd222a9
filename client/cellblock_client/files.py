"""Files: those that are stored, and those in a session now."""

import io
from collections.abc import Iterator

from cellblock.v1 import file_pb2
from cellblock_client import calls, content
from cellblock_client.calls import CALL_SECONDS
from cellblock_client.transport import Transport
from cellblock_client.types import (
    File,
    FilePurpose,
    SessionFile,
    file_of,
    session_file,
)


class Files:
    """Stores, finds and fetches files."""

    def __init__(self, transport: "Transport") -> None:
        """Use `Client.files`."""
        self._transport = transport

    def upload(
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
            response = self._transport.send("file", "UploadFile", requests, timeout)
        return file_of(response.file)

    def get(self, file_id: str, *, timeout: float | None = CALL_SECONDS) -> File:
        """A file's metadata."""
        return self._transport.call(calls.get_file(file_id), timeout)

    def list(
        self,
        *,
        session_id: str = "",
        purpose: FilePurpose | None = None,
        timeout: float | None = CALL_SECONDS,
    ) -> Iterator[File]:
        """Files, newest first."""
        return self._transport.pages(
            lambda token: calls.list_files(token, session_id, purpose), timeout
        )

    def download(
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
        metadata = file_of(next(responses).file)
        with content.created(target) as file:
            for response in responses:
                file.write(response.data)
        return metadata

    def read(self, file_id: str, *, timeout: float | None = None) -> bytes:
        """A file's bytes."""
        memory = io.BytesIO()
        self.download(file_id, memory, timeout=timeout)
        return memory.getvalue()

    def delete(self, file_id: str, *, timeout: float | None = CALL_SECONDS) -> None:
        """Forget a file."""
        self._transport.call(calls.delete_file(file_id), timeout)


class SessionFiles:
    """What lies in a session's `/mnt/data` now."""

    def __init__(self, transport: "Transport", session_id: str) -> None:
        """Use `Session.files`."""
        self._transport = transport
        self._session_id = session_id

    def list(self, *, timeout: float | None = CALL_SECONDS) -> tuple[SessionFile, ...]:
        """All files, by path."""
        return self._transport.call(calls.list_session_files(self._session_id), timeout)

    def read(self, path: str, *, timeout: float | None = None) -> bytes:
        """A file's bytes; `path` is below `/mnt/data`."""
        request = file_pb2.ReadSessionFileRequest(session_id=self._session_id, path=path)
        responses = self._transport.stream("file", "ReadSessionFile", request, timeout)
        return b"".join(response.data for response in responses)

    def write(
        self, path: str, source: content.Source, *, timeout: float | None = None
    ) -> SessionFile:
        """Write a file, replacing what was there."""
        with content.opened(source) as file:
            requests = content.write_requests(file, self._session_id, path)
            response = self._transport.send("file", "WriteSessionFile", requests, timeout)
        return session_file(response.file)
