"""Downloads: bytes are counted and hashed, and a stream that breaks is resumed."""

import hashlib

from cellblock.v1 import file_pb2 as pb
from cellblock_client.content import Progress
from cellblock_client.errors import DamagedDataError, ServerError
from cellblock_client.types import File, file_of


class Download:
    """Position in the download of a stored file or a part of it. A file's bytes never change."""

    def __init__(self, file_id: str, offset: int, length: int, progress: Progress | None) -> None:
        """Begin at `offset`; `length` 0 means all bytes to the end."""
        self._file_id = file_id
        self._offset = offset
        self._length = length
        self._progress = progress
        self._received = 0
        self._hash = hashlib.sha256()
        self._file: File | None = None

    @property
    def file(self) -> File:
        """Metadata of the file, which the first message of a stream has."""
        if self._file is None:
            raise ServerError(f"the download of {self._file_id} did not begin with the file")
        return self._file

    @property
    def done(self) -> bool:
        """Whether all bytes were received."""
        return self._file is not None and self._received >= self._wanted

    def request(self) -> pb.DownloadFileRequest:
        """Return the request for the remaining bytes."""
        length = self._length - self._received if self._length else 0
        return pb.DownloadFileRequest(
            file_id=self._file_id, offset=self._offset + self._received, length=length
        )

    def accept_message(self, response: pb.DownloadFileResponse) -> bytes:
        """Accept a message; return its bytes, or none if it has metadata."""
        if response.HasField("file"):
            self._file = file_of(response.file)
            return b""
        self._received += len(response.data)
        if self._received > self._wanted:
            raise DamagedDataError(f"{self._file_id}: more than {self._wanted} bytes came")
        self._hash.update(response.data)
        if self._progress:
            self._progress(self._received, self._wanted)
        return response.data

    def check(self) -> None:
        """Raise DamagedDataError unless the bytes received are those that were stored."""
        file = self.file
        if self._received != self._wanted:
            raise DamagedDataError(
                f"{self._file_id}: {self._received} of {self._wanted} bytes came"
            )
        if self._received == file.bytes and self._hash.hexdigest() != file.sha256:
            raise DamagedDataError(
                f"{self._file_id}: the bytes that came have the SHA-256 {self._hash.hexdigest()}, "
                f"those that were stored had {file.sha256}"
            )

    @property
    def _wanted(self) -> int:
        rest = self.file.bytes - self._offset
        return min(self._length, rest) if self._length else rest


class Counted:
    """Counter of the bytes of a stream of unknown length."""

    def __init__(self, progress: Progress | None) -> None:
        """Report counts to `progress`."""
        self._progress = progress
        self._received = 0

    def count_chunk(self, data: bytes) -> bytes:
        """Count the bytes, and return them."""
        self._received += len(data)
        if self._progress:
            self._progress(self._received, None)
        return data
