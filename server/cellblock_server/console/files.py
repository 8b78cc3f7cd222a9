"""Transfer of files to and from a browser, which never shows their contents itself."""

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
"""Maximum bytes in one message of an upload; see `file.proto`."""
SAFE_TYPE = "application/octet-stream"
"""Content type of every file: with a type of the sandbox's choice, a file could act as our page."""
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
    """Send the current content of a session's file. Raises RefusedError."""
    most = _length(request)
    stub = file_pb2_grpc.FileServiceStub(caller.channel)
    path = request.query.get("path", "")
    wanted = pb.ReadSessionFileRequest(
        session_id=request.match_info["session_id"], path=path, length=most
    )
    call = stub.ReadSessionFile(wanted, metadata=caller.metadata)
    with cancelled_at_end(call):
        pieces = _pieces(aiter(call), most)
        # Read before the headers are sent: a refusal must not look like a file.
        first = await anext(pieces, b"")
        name = path.rpartition("/")[2]
        return await _send(request, name, pieces, caller.timings.write, first)


async def upload_session_file(request: web.Request, caller: Caller) -> web.Response:
    """Write a file into a session. Raises RefusedError."""
    if request.content_type != SAFE_TYPE:
        raise RefusedError(415, "TYPE_NOT_ALLOWED", f"an upload's Content-Type must be {SAFE_TYPE}")
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
    """Return a header that makes the browser save a file, under a name that a sandbox chose.

    Source: RFC 6266. The plain form is a fallback for unknown browsers, without the name.
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
    """Send a file, of which the browser has to read each piece within `seconds`."""
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
            # The headers are sent. HTTP reports an incomplete file by a body that ends early.
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
    """Yield the bytes of messages, up to `most` bytes, or all for 0."""
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
    """Yield the browser's upload as messages, each piece within `seconds`.

    An interrupted request raises, and nothing is written.
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
    """Return the requested number of bytes; 0 for all. Raises RefusedError."""
    text = request.query.get("length", "0")
    if not text.isdecimal() or len(text) > len(str(2**62)):
        raise RefusedError(
            400, "QUERY_MALFORMED", f"length: must be a number of bytes, got {text!r}"
        )
    return int(text)
