import hashlib
import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from dataclasses import dataclass, field
from typing import Any

import grpc
import pytest

from cellblock.v1 import file_pb2 as pb
from cellblock.v1 import file_pb2_grpc
from cellblock_client.content import CHUNK_BYTES

CONTENT = b"".join(bytes([n]) * CHUNK_BYTES for n in range(5)) + b"the end"


@dataclass
class Stream:
    """One stream of an upload, as the server received it."""

    metadata: pb.UploadFileMetadata
    data: int = 0
    sha256: str | None = None
    """The hash sent at the end of the stream; None if it broke before."""


@dataclass
class FileServer(file_pb2_grpc.FileServiceServicer):
    """Stores uploads and serves one file; each stream breaks after the given number of bytes."""

    address: str = ""
    breaks: list[int] = field(default_factory=list)
    streams: list[Stream] = field(default_factory=list)
    kept: dict[str, bytes] = field(default_factory=dict)
    stored: dict[str, pb.File] = field(default_factory=dict)
    before_break: Callable[[], object] = lambda: None
    loses: int = 0
    """Number of received bytes that a break loses."""
    forgets: bool = False
    """Whether the server keeps nothing of a broken stream."""
    loses_answers: int = 0
    """Number of streams that are stored, but break before the client gets the response."""
    away: bool = False
    """Whether every stream breaks immediately."""
    refuses: bool = False
    """Whether the server refuses uploads before their end."""
    content: bytes = CONTENT
    sha256: str = hashlib.sha256(CONTENT).hexdigest()
    ranges: list[tuple[int, int]] = field(default_factory=list)
    """The offset and length that each download requested."""
    stalls: threading.Event | None = None
    """If set, downloads and uploads wait for it after their first bytes."""
    stalled: threading.Event = field(default_factory=threading.Event)

    def UploadFile(self, requests: Any, context: Any) -> pb.UploadFileResponse:  # noqa: N802
        metadata = next(requests).metadata
        stream = Stream(metadata)
        self.streams.append(stream)
        if self.away:
            context.abort(grpc.StatusCode.UNAVAILABLE, "away")
        if self.refuses:
            context.abort(grpc.StatusCode.OUT_OF_RANGE, "too large")
        kept = self.kept.get(metadata.upload_id, b"")
        if metadata.offset > len(kept):
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "so many have not come")
        kept = kept[: metadata.offset]
        breaks_at = self.breaks.pop(0) if self.breaks else None
        for request in requests:
            if request.WhichOneof("payload") == "end":
                stream.sha256 = request.end.sha256
                break
            kept += request.data
            stream.data += len(request.data)
            self._stall()
            if breaks_at is not None and stream.data >= breaks_at:
                self.before_break()
                if metadata.upload_id and not self.forgets:
                    self.kept[metadata.upload_id] = kept[: len(kept) - self.loses]
                context.abort(grpc.StatusCode.UNAVAILABLE, "broken")
        else:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "the stream broke off")
        if metadata.HasField("bytes") and metadata.bytes != len(kept):
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "bytes")
        if stream.sha256 != hashlib.sha256(kept).hexdigest():
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "sha256")
        file = pb.File(id=f"file-{len(self.stored)}", bytes=len(kept), purpose=metadata.purpose)
        self.kept[metadata.upload_id] = kept
        self.stored[metadata.upload_id] = file
        if self.loses_answers:
            self.loses_answers -= 1
            context.abort(grpc.StatusCode.UNAVAILABLE, "broken")
        return pb.UploadFileResponse(file=file)

    def GetUpload(self, request: Any, context: Any) -> pb.GetUploadResponse:  # noqa: N802
        if request.upload_id not in self.kept:
            context.abort(grpc.StatusCode.NOT_FOUND, "no upload")
        kept = self.kept[request.upload_id]
        file = self.stored.get(request.upload_id)
        return pb.GetUploadResponse(received_bytes=len(kept), file=file)

    def GetFile(self, request: Any, context: Any) -> pb.GetFileResponse:  # noqa: N802
        return pb.GetFileResponse(file=self._file())

    def DownloadFile(self, request: Any, context: Any) -> Iterator[pb.DownloadFileResponse]:  # noqa: N802
        self.ranges.append((request.offset, request.length))
        if self.away:
            context.abort(grpc.StatusCode.UNAVAILABLE, "away")
        yield pb.DownloadFileResponse(file=self._file())
        yield from self._chunks(request, context, pb.DownloadFileResponse)

    def ReadSessionFile(self, request: Any, context: Any) -> Iterator[pb.ReadSessionFileResponse]:  # noqa: N802
        self.ranges.append((request.offset, request.length))
        yield from self._chunks(request, context, pb.ReadSessionFileResponse)

    def DownloadSessionFolder(  # noqa: N802
        self, request: Any, context: Any
    ) -> Iterator[pb.DownloadSessionFolderResponse]:
        whole = pb.ReadSessionFileRequest(path=request.path)
        yield from self._chunks(whole, context, pb.DownloadSessionFolderResponse)

    def WriteSessionFile(self, requests: Any, context: Any) -> pb.WriteSessionFileResponse:  # noqa: N802
        size = sum(len(request.data) for request in requests)
        return pb.WriteSessionFileResponse(file=pb.SessionFile(path="/mnt/data/a", bytes=size))

    def AttachFile(self, request: Any, context: Any) -> pb.AttachFileResponse:  # noqa: N802
        return pb.AttachFileResponse(path="/mnt/data/a")

    def _file(self) -> pb.File:
        size = len(CONTENT)
        return pb.File(
            id="file-1", bytes=size, sha256=self.sha256, purpose=pb.FILE_PURPOSE_ASSISTANTS
        )

    def _chunks(self, request: Any, context: Any, kind: Any) -> Iterator[Any]:
        breaks_at = self.breaks.pop(0) if self.breaks else None
        end = request.offset + request.length if request.length else len(self.content)
        sent = 0
        while (start := request.offset + sent) < end:
            if breaks_at is not None and sent >= breaks_at:
                context.abort(grpc.StatusCode.UNAVAILABLE, "broken")
            data = self.content[start : min(start + CHUNK_BYTES, end)]
            if not data:
                return
            yield kind(data=data)
            sent += len(data)
            self._stall()
        if breaks_at is not None and sent >= breaks_at:
            context.abort(grpc.StatusCode.UNAVAILABLE, "broken")

    def _stall(self) -> None:
        if self.stalls is not None:
            self.stalled.set()
            self.stalls.wait(30)


@pytest.fixture
def files() -> Iterator[FileServer]:
    server = grpc.server(futures.ThreadPoolExecutor(4))
    service = FileServer()  # type: ignore[abstract] # the other calls are not made
    file_pb2_grpc.add_FileServiceServicer_to_server(service, server)
    service.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    yield service
    if service.stalls is not None:
        service.stalls.set()
    server.stop(None).wait()
