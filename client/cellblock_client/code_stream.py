"""Code sent in pieces, stored so that a stream that breaks can be repeated."""

import asyncio
import threading
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator

from cellblock.v1 import execution_pb2 as pb


class CodeStream:
    """Requests of ExecuteStream.

    What the source raises is kept as `failure`, because gRPC would only log it. The requests then
    stop without an end, and the code does not run.
    """

    def __init__(self, start: pb.ExecuteRequest, pieces: Iterable[str]) -> None:
        """Send `start`, then `pieces` as the source yields them."""
        self.execution_id: str = start.execution_id
        self.failure: Exception | None = None
        self._start = start
        # Text is iterable, too, by its characters.
        self._source = iter([pieces] if isinstance(pieces, str) else pieces)
        self._read: list[pb.ExecuteStreamRequest] = []
        # gRPC's thread of a stream that broke may still wait for a piece.
        self._lock = threading.Lock()

    def requests(self) -> Iterator[pb.ExecuteStreamRequest]:
        """Yield all requests, from the first."""
        yield pb.ExecuteStreamRequest(start=self._start)
        position = 0
        while (request := self._piece(position)) is not None:
            yield request
            position += 1
        if self.failure is None:
            yield pb.ExecuteStreamRequest(end=pb.EndOfCode())

    def close(self) -> None:
        """Do nothing: a thread that waits for a piece can't be interrupted."""

    def _piece(self, position: int) -> pb.ExecuteStreamRequest | None:
        with self._lock:
            if position == len(self._read) and self.failure is None:
                try:
                    piece = next(self._source, None)
                    if piece is not None:
                        self._read.append(pb.ExecuteStreamRequest(code=piece))
                except Exception as error:  # noqa: BLE001 - raised where the events are read
                    self.failure = error
            return self._read[position] if position < len(self._read) else None


REFUSAL_SECONDS = 0.5
"""Seconds that the server gets to refuse a repeated stream before more is sent.

grpc.aio loses a status received while it sends (github.com/grpc/grpc/issues/36066).
"""


class AsyncCodeStream:
    """`CodeStream` for asyncio."""

    def __init__(
        self, start: pb.ExecuteRequest, pieces: AsyncIterable[str] | Iterable[str]
    ) -> None:
        """Send `start`, then `pieces` as the source yields them."""
        self.execution_id: str = start.execution_id
        self.failure: Exception | None = None
        self._start = start
        self._source = aiter(pieces if isinstance(pieces, AsyncIterable) else _async(pieces))
        self._read: list[pb.ExecuteStreamRequest] = []
        self._reading: asyncio.Task[None] | None = None
        """Task that reads all pieces.

        One task reads them all, because a source may hold what only the task that acquired it can
        release.
        """
        self._wanted = asyncio.Event()
        self._changed = asyncio.Event()
        self._is_again = False
        self._is_whole = False
        self._is_closed = False

    async def requests(self) -> AsyncIterator[pb.ExecuteStreamRequest]:
        """Yield all requests, from the first."""
        yield pb.ExecuteStreamRequest(start=self._start)
        if self._is_again:
            await asyncio.sleep(REFUSAL_SECONDS)
        self._is_again = True
        position = 0
        while (request := await self._piece(position)) is not None:
            yield request
            position += 1
        if self._is_whole:
            yield pb.ExecuteStreamRequest(end=pb.EndOfCode())

    async def close(self) -> None:
        """Stop reading, and cancel a source that is being awaited.

        gRPC does so only for calls that have not ended. Of a refused call the source, and what it
        reads from, would stay open until its next piece.
        """
        self._is_closed = True
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait({self._reading})
        self._wake_streams()

    async def _piece(self, position: int) -> pb.ExecuteStreamRequest | None:
        while position == len(self._read) and not self._has_ended:
            if self._reading is None:
                self._reading = asyncio.create_task(self._read_all(), name="pieces of code")
            self._wanted.set()
            await self._changed.wait()
        return self._read[position] if position < len(self._read) else None

    @property
    def _has_ended(self) -> bool:
        """Whether no piece will follow."""
        return self._is_whole or self._is_closed or self.failure is not None

    async def _read_all(self) -> None:
        """Read pieces as streams request them."""
        try:
            while not self._is_whole:
                await self._wanted.wait()
                self._wanted.clear()
                piece = await anext(self._source, None)
                if piece is None:
                    self._is_whole = True
                else:
                    self._read.append(pb.ExecuteStreamRequest(code=piece))
                self._wake_streams()
        except Exception as error:  # noqa: BLE001 - raised where the events are read
            self.failure = error
        finally:
            self._wake_streams()

    def _wake_streams(self) -> None:
        """Wake all waiting streams: one that broke may wait for the same piece as the next."""
        self._changed.set()
        self._changed = asyncio.Event()


async def _async(pieces: Iterable[str]) -> AsyncIterator[str]:
    for piece in [pieces] if isinstance(pieces, str) else pieces:
        yield piece
