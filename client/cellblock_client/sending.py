"""Uploads: bytes are read, hashed and counted, and read again if a stream breaks."""

import hashlib
import threading
from collections.abc import Iterator
from secrets import token_hex
from typing import Any, BinaryIO

from cellblock.v1 import file_pb2 as pb
from cellblock_client.calls import Seconds, duration
from cellblock_client.content import CHUNK_BYTES, Progress
from cellblock_client.errors import Error
from cellblock_client.types import FilePurpose, UploadState


class Reader:
    """Reader of a source from its current position, once or repeatedly."""

    def __init__(self, file: BinaryIO, progress: Progress | None) -> None:
        """Read `file`, and report to `progress`."""
        self._file = file
        self._progress = progress
        self._hash = hashlib.sha256()
        self.position: int = 0
        self.seekable: bool = _is_seekable(file)
        self._start = file.tell() if self.seekable else 0
        self.total: int | None = self._size() if self.seekable else None

    def go_to(self, position: int) -> None:
        """Move to `position`, with the bytes before it hashed."""
        if position == self.position:
            return
        self._file.seek(self._start)
        self._hash, self.position = hashlib.sha256(), 0
        while self.position < position:
            if not self._read(min(CHUNK_BYTES, position - self.position)):
                raise Error(f"the source has become shorter: {self.position} of {position} bytes")

    def read(self) -> bytes:
        """Return the next bytes; empty at the end."""
        return self._read(CHUNK_BYTES)

    def sha256(self) -> str:
        """Return the SHA-256 of all bytes read so far, in hexadecimal."""
        return self._hash.hexdigest()

    def report(self) -> None:
        """Report the position to `progress`."""
        if self._progress:
            self._progress(self.position, self.total)

    def _read(self, count: int) -> bytes:
        chunk = self._file.read(count)
        self._hash.update(chunk)
        self.position += len(chunk)
        return chunk

    def _size(self) -> int | None:
        size = self._file.seek(0, 2) - self._start
        self._file.seek(self._start)
        # Files of /proc have a size of 0, whatever they contain.
        return size if size > 0 else None


def _is_seekable(file: BinaryIO) -> bool:
    # Not every readable object has all methods of a file.
    return hasattr(file, "seekable") and file.seekable()


class Sending:
    """Requests of one stream: the first one, the bytes, and the end.

    What the source or `progress` raises is kept as `failure`, because gRPC would only log it. The
    requests then stop without an end, and the server stores nothing.
    """

    def __init__(
        self,
        reader: Reader,
        first: pb.UploadFileRequest | pb.WriteSessionFileRequest,
        offset: int = 0,
    ) -> None:
        """Send `first`, then the bytes of `reader` from `offset`."""
        self.failure: BaseException | None = None
        self.moved: bool = False
        """Whether bytes were certainly sent: a first piece may only have been buffered."""
        self._reader = reader
        self._requests = self._from(first, offset)
        self._lock = threading.Lock()
        self._stopped = False
        self._took_data = False

    def next_request(self) -> Any:  # noqa: ANN401 - one of two kinds of message
        """Return the next request, from any thread; None if there is no more."""
        with self._lock:
            if self._stopped:
                return None
            try:
                return next(self._requests, None)
            except BaseException as error:  # noqa: BLE001 - raised where the call is made
                self._fail(error)
                return None

    def mark_sent(self) -> None:
        """Record that gRPC is sending the last request."""
        if not self._took_data or self._stopped:
            return
        self.moved = self._reader.position > CHUNK_BYTES
        try:
            self._reader.report()
        except BaseException as error:  # noqa: BLE001 - raised where the call is made
            self._fail(error)

    def stop_reading(self) -> None:
        """Stop reading: the source may now be read again, or closed."""
        self._stopped = True
        # gRPC's thread may be in the middle of a read, which may never end for a pipe.
        if self._reader.seekable:
            with self._lock:
                pass

    def _fail(self, error: BaseException) -> None:
        self.failure, self._stopped = error, True

    def _from(self, first: Any, offset: int) -> Iterator[Any]:  # noqa: ANN401
        kind = type(first)
        yield first
        self._reader.go_to(offset)
        while chunk := self._reader.read():
            self._took_data = True
            yield kind(data=chunk)
        self._took_data = False
        yield kind(end=pb.EndOfData(sha256=self._reader.sha256()))


class Upload:
    """Upload of one source, over as many streams as necessary."""

    def __init__(
        self,
        file: BinaryIO,
        filename: str,
        purpose: FilePurpose,
        expires_after: Seconds | None,
        progress: Progress | None,
    ) -> None:
        """Upload `file` from its current position."""
        self._reader = Reader(file, progress)
        self.id: str = f"upload_{token_hex(16)}" if self._reader.seekable else ""
        """Upload id; empty if the source can't be read again: then there is one stream only."""
        self._received = 0
        self._metadata = pb.UploadFileMetadata(
            filename=filename,
            bytes=self._reader.total,
            purpose=purpose.value,
            expires_after=duration(expires_after),
            upload_id=self.id,
        )

    def sending(self) -> Sending:
        """Return the next stream."""
        self._metadata.offset = self._received
        return Sending(self._reader, pb.UploadFileRequest(metadata=self._metadata), self._received)

    def resume_from(self, state: UploadState) -> bool:
        """Resume from the server's position, and return whether that has advanced."""
        before, self._received = self._received, state.received_bytes
        return self._received > before


class SessionWrite:
    """Write into a session, always from the beginning: a file appears complete or not at all."""

    def __init__(
        self,
        file: BinaryIO,
        session_id: str,
        path: str,
        progress: Progress | None,
        mode: int | None = None,
    ) -> None:
        """Write `file` from its current position."""
        self._reader = Reader(file, progress)
        self._target = pb.WriteSessionFileTarget(session_id=session_id, path=path, mode=mode)

    @property
    def repeatable(self) -> bool:
        """Whether the source can be read again."""
        return self._reader.seekable

    def sending(self) -> Sending:
        """Return the next stream."""
        return Sending(self._reader, pb.WriteSessionFileRequest(target=self._target))
