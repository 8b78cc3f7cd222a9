"""Streams of bytes from callers: a first message, pieces, and an end."""

from collections.abc import AsyncIterator
from typing import Generic, TypeVar

from cellblock.v1 import execution_pb2
from cellblock.v1 import file_pb2 as pb
from cellblock_server.common.errors import InvalidArgumentError, OutOfRangeError

MAX_CHUNK = 2**20

Piece = TypeVar("Piece", pb.UploadFileRequest, pb.WriteSessionFileRequest)
Message = TypeVar(
    "Message", pb.UploadFileRequest, pb.WriteSessionFileRequest, execution_pb2.ExecuteStreamRequest
)


async def first(requests: AsyncIterator[Message], name: str) -> Message:
    """Return the first message. Raises InvalidArgumentError unless it carries `name`."""
    async for request in requests:
        if request.WhichOneof("payload") == name:
            return request
        break
    raise InvalidArgumentError(name, "must be the first message of the stream")


class Pieces(Generic[Piece]):
    """The bytes after the first message, and the hash that the last message may have."""

    def __init__(self, requests: AsyncIterator[Piece]) -> None:
        """Read from `requests`."""
        self._requests: AsyncIterator[Piece] = requests
        self.sha256 = ""
        """Hash of the bytes; empty before the end, and if none was sent."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the bytes. Raises OutOfRangeError, and InvalidArgumentError if interrupted."""
        async for request in self._requests:
            kind = request.WhichOneof("payload")
            if kind == "end":
                self.sha256 = request.end.sha256
                return
            if kind != "data":
                raise InvalidArgumentError(
                    "data", "expected `data`; send metadata or target, then data, then end"
                )
            if len(request.data) > MAX_CHUNK:
                raise OutOfRangeError(
                    "data", f"must be at most {MAX_CHUNK} bytes a message, got {len(request.data)}"
                )
            data = [request.data]
            del request  # the next one may be long in coming
            yield data.pop()
        # gRPC ends the requests of a cancelled call as it ends complete ones.
        raise InvalidArgumentError("end", "must be the last message: the stream broke off")
