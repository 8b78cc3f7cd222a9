"""Bytes of files, to a browser and from it. Nothing here is ever shown by the browser itself."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import quote

from aiohttp import web

from cellblock.v1 import file_pb2 as pb
from cellblock.v1 import file_pb2_grpc
from cellblock_server.console.calls import Caller, cancelled_at_end, in_json, refused
from cellblock_server.console.failures import RefusedError
from cellblock_server.console.streams import cut_off, cut_off_unless_read

PIECE_BYTES = 2**20
"""What one message of an upload may carry; see `file.proto`."""
SAFE_TYPE = "application/octet-stream"
"""Of whatever is sent: a type of a sandbox's choice could make a page of ours of it."""
MAX_NAME = 255


async def download_file(request: web.Request, caller: Caller) -> web.StreamResponse:
    """Send a stored file. Raises RefusedError."""
    most = _length(request)
    stub = file_pb2_grpc.FileServiceStub(caller.channel)
    wanted = pb.DownloadFileRequest(file_id=request.match_info["file_id"])
    call = stub.DownloadFile(wanted, metadata=caller.metadata)
    with cancelled_at_end(call):
        messages = aiter(call)
        async with refused():
            first = await anext(messages)
        pieces = _pieces(messages, most)
        return await _send(request, first.file.filename, pieces, caller.timings.write)


async def download_session_file(request: web.Request, caller: Caller) -> web.StreamResponse:
    """Send a file as it lies in a session now. Raises RefusedError."""
    most = _length(request)
    stub = file_pb2_grpc.FileServiceStub(caller.channel)
    path = request.query.get("path", "")
    wanted = pb.ReadSessionFileRequest(
        session_id=request.match_info["session_id"], path=path, length=most
    )
    call = stub.ReadSessionFile(wanted, metadata=caller.metadata)
    with cancelled_at_end(call):
        pieces = _pieces(aiter(call), most)
        # Read before the head is sent: what is refused must not look like a file.
        first = await anext(pieces, b"")
        name = path.rpartition("/")[2]
        return await _send(request, name, pieces, caller.timings.write, first)


async def upload_session_file(request: web.Request, caller: Caller) -> web.Response:
    """Write a file into a session. Raises RefusedError."""
    if request.content_type != SAFE_TYPE:
        raise RefusedError(415, "TYPE_NOT_ALLOWED", f"an upload's type is {SAFE_TYPE}")
    stub = file_pb2_grpc.FileServiceStub(caller.channel)
    target = pb.WriteSessionFileTarget(
        session_id=request.match_info["session_id"], path=request.query.get("path", "")
    )
    async with refused():
        call = stub.WriteSessionFile(
            _messages(request, target, caller.timings.read), metadata=caller.metadata
        )
        answer = await call
    return web.json_response(in_json(answer))


def disposition(name: str) -> str:
    """A header that has the browser save what it gets, under a name that a sandbox chose.

    Source: RFC 6266. The plain form is for nobody that we know of, and so says nothing.
    """
    shown = "".join(letter if letter.isprintable() else "_" for letter in name)[:MAX_NAME]
    return f"attachment; filename=\"file\"; filename*=UTF-8''{quote(shown or 'file', safe='')}"


async def _send(
    request: web.Request,
    name: str,
    pieces: AsyncIterator[bytes],
    seconds: float,
    first: bytes = b"",
) -> web.StreamResponse:
    """Send a file, of which the browser has to take each piece within `seconds`."""
    response = web.StreamResponse(
        headers={"Content-Type": SAFE_TYPE, "Content-Disposition": disposition(name)}
    )
    await response.prepare(request)
    with cut_off_unless_read(request):
        try:
            if first:
                await _write(response, first, seconds)
            async for piece in pieces:
                await _write(response, piece, seconds)
        except RefusedError:
            # The head is sent. A body that breaks off is how HTTP tells that it is not whole.
            cut_off(request)
            return response
        async with asyncio.timeout(seconds):
            await response.write_eof()
    return response


async def _write(response: web.StreamResponse, data: bytes, seconds: float) -> None:
    async with asyncio.timeout(seconds):
        await response.write(data)


async def _pieces(
    messages: AsyncIterator[pb.DownloadFileResponse] | AsyncIterator[pb.ReadSessionFileResponse],
    most: int,
) -> AsyncIterator[bytes]:
    """What comes, up to `most` bytes, or all for 0: who asks does not know how many there are."""
    left = most
    async with refused():
        async for message in messages:
            yield message.data[:left] if most else message.data
            left -= len(message.data)
            if most and left <= 0:
                return


async def _messages(
    request: web.Request, target: pb.WriteSessionFileTarget, seconds: float
) -> AsyncIterator[pb.WriteSessionFileRequest]:
    """What the browser sends, each piece within `seconds`.

    A request that breaks off raises, and nothing is written.
    """
    yield pb.WriteSessionFileRequest(target=target)
    while True:
        async with asyncio.timeout(seconds):
            data = await request.content.read(PIECE_BYTES)
        if not data:
            break
        yield pb.WriteSessionFileRequest(data=data)
    yield pb.WriteSessionFileRequest(end=pb.EndOfData())


def _length(request: web.Request) -> int:
    """How many bytes are wanted; 0 for all. Raises RefusedError."""
    text = request.query.get("length", "0")
    if not text.isdecimal() or len(text) > len(str(2**62)):
        raise RefusedError(
            400, "QUERY_MALFORMED", f"length: must be a number of bytes, got {text!r}"
        )
    return int(text)
