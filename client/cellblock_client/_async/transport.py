"""`transport.py` for asyncio."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, suppress
from typing import Any, TypeVar

import grpc

from cellblock.v1 import (
    admin_pb2_grpc,
    execution_pb2_grpc,
    file_pb2_grpc,
    run_step_pb2_grpc,
    session_pb2_grpc,
)
from cellblock_client import file_calls
from cellblock_client._sync.transport import Transport, outcome
from cellblock_client.calls import Call, Page
from cellblock_client.channel import Connection
from cellblock_client.cursor import Cursor
from cellblock_client.errors import (
    DeadlineExceededError,
    Error,
    NotFoundError,
    ResourceExhaustedError,
    ServerError,
    UnavailableError,
    from_call,
)
from cellblock_client.receiving import Download
from cellblock_client.retry import (
    MAY_PASS,
    Backoff,
    Deadline,
    Patience,
    is_overload,
    is_refused_unheard,
)
from cellblock_client.sending import Sending, SessionWrite, Upload
from cellblock_client.tracing import Metadata, call_span
from cellblock_client.types import File, SessionFile, UploadState, file_of, session_file

T = TypeVar("T")
CLOCK_SECONDS = 0.1
"""By so much gRPC, which has another clock, may find a deadline passed before we do."""
HIDDEN = "Internal error from Core"
"""What grpc.aio says of a call that ended while it was being sent to, whatever its status was.

Source: github.com/grpc/grpc/issues/36066.
"""


class AsyncTransport:
    """One connection, for asyncio."""

    def __init__(self, connection: Connection, patience: Patience) -> None:
        """Connect; `patience` is with the server while it is away."""
        self._patience = patience
        self._threads = Transport(connection, patience)
        """Connects when it is needed."""
        self._channel = connection.aio_channel()
        self._metadata = connection.metadata
        self._ending: set[Any] = set()
        """Streams whose last message has come, and whose status is still on its way."""
        self._stubs: dict[str, Any] = {
            "session": session_pb2_grpc.SessionServiceStub(self._channel),
            "execution": execution_pb2_grpc.ExecutionServiceStub(self._channel),
            "file": file_pb2_grpc.FileServiceStub(self._channel),
            "admin": admin_pb2_grpc.AdminServiceStub(self._channel),
            "run_step": run_step_pb2_grpc.RunStepServiceStub(self._channel),
        }

    async def close(self) -> None:
        """Close the connection."""
        self._threads.close()
        await self._channel.close()

    async def call(self, call: Call[T], timeout: float | None) -> T:
        """Make a call."""
        return await self._call(call, Backoff(timeout, self._patience))

    async def _call(self, call: Call[T], backoff: Backoff) -> T:
        method = getattr(self._stubs[call.service], call.method)
        with call_span(call.service, call.method) as traced:
            while True:
                try:
                    response = await self._made(method, call.request, backoff.left(), traced)
                except grpc.RpcError as failed:
                    error = from_call(failed)
                    if not (call.repeatable or is_refused_unheard(error) or is_overload(error)):
                        raise error from failed
                    if backoff.repeated and call.is_done_by(error):
                        response = None
                    else:
                        await asyncio.sleep(backoff.wait_after(error))
                        continue
                backoff.met()
                return call.parse(response)

    async def items(
        self, page: Callable[[str], Call[Page[T]]], timeout: float | None
    ) -> AsyncIterator[T]:
        """All items of a listing."""
        async for found in self.pages(page, timeout):
            for item in found.items:
                yield item

    async def pages(
        self, page: Callable[[str], Call[Page[T]]], timeout: float | None
    ) -> AsyncIterator[Page[T]]:
        """All pages of a listing; `timeout` is for each."""
        token = ""
        while True:
            found = await self.call(page(token), timeout)
            yield found
            token = found.next_token
            if not token:
                return

    async def events(self, cursor: Cursor[T], timeout: float | None) -> AsyncGenerator[T, None]:
        """Events to the last, over as many streams as it takes."""
        backoff = Backoff(timeout, self._patience)
        while not cursor.done:
            method, request = cursor.request()
            try:
                stream = self.stream(
                    cursor.service, method, request, backoff.left(), lambda: cursor.done
                )
                async with aclosing(stream) as responses:
                    async for response in responses:
                        backoff.progress()
                        for event in cursor.take(response):
                            yield event
                cursor.end_of_stream()
            except MAY_PASS as error:
                await asyncio.sleep(backoff.wait_after(error))

    async def stream(
        self,
        service: str,
        method: str,
        request: object,
        timeout: float | None,
        is_over: Callable[[], bool] = lambda: False,
    ) -> AsyncGenerator[Any, None]:
        """Responses of a streaming call, up to the one after which it `is_over`."""
        deadline = Deadline(timeout)
        with call_span(service, method) as traced:
            responses = self._made(getattr(self._stubs[service], method), request, timeout, traced)
            over = False
            try:
                async for response in responses:
                    yield response
                    if over := is_over():
                        self._let_end(responses)
                        return
            except grpc.RpcError as failed:
                raise _told(failed, deadline.left()) from failed
            finally:
                if not over:
                    responses.cancel()

    def _let_end(self, responses: Any) -> None:  # noqa: ANN401 - gRPC's calls have no public type
        """Leave a stream to its end, which says no more: a caller need not wait for it.

        Cancelled at once, it would look to the server as if its caller had left.
        """
        self._ending.add(responses)
        responses.add_done_callback(self._ending.discard)

    async def download(
        self, download: Download, timeout: float | None
    ) -> AsyncGenerator[bytes, None]:
        """A stored file's bytes, over as many streams as it takes; checked at the end."""
        backoff = Backoff(timeout, self._patience)
        while not download.done:
            stream = self.stream("file", "DownloadFile", download.request(), backoff.left())
            try:
                async with aclosing(stream) as responses:
                    async for response in responses:
                        if data := download.take(response):
                            backoff.progress()
                            yield data
                break
            except MAY_PASS as error:
                await asyncio.sleep(backoff.wait_after(error))
        download.check()

    async def data(
        self, method: str, request: object, timeout: float | None
    ) -> AsyncGenerator[bytes, None]:
        """Bytes of what lies in a session: asked for again only while none have come.

        It may have changed since, and two halves need not be of one whole.
        """
        backoff = Backoff(timeout, self._patience)
        begun = False
        while True:
            try:
                async with aclosing(self.data_once(method, request, backoff.left())) as pieces:
                    async for piece in pieces:
                        begun = True
                        backoff.met()
                        yield piece
                return
            except (UnavailableError, ResourceExhaustedError) as error:
                if begun:
                    raise
                await asyncio.sleep(backoff.wait_after(error))

    async def data_once(
        self, method: str, request: object, timeout: float | None
    ) -> AsyncGenerator[bytes, None]:
        """As `data`, asked for once."""
        async with aclosing(self.stream("file", method, request, timeout)) as responses:
            async for response in responses:
                yield response.data

    async def again(self, work: Callable[[float | None], Awaitable[T]], timeout: float | None) -> T:
        """Do `work`, which gets the seconds that are left, again when the connection breaks."""
        backoff = Backoff(timeout, self._patience)
        while True:
            try:
                return await work(backoff.left())
            except (UnavailableError, ResourceExhaustedError) as error:
                await asyncio.sleep(backoff.wait_after(error))

    async def write(self, write: SessionWrite, timeout: float | None) -> SessionFile:
        """Write a file into a session, again when the connection breaks."""
        backoff = Backoff(timeout, self._patience)
        while True:
            sending = write.sending()
            try:
                response = await self.send("WriteSessionFile", sending, backoff.left())
                return session_file(response.file)
            except MAY_PASS as error:
                if sending.failure is not None or not write.repeatable:
                    raise
                if sending.moved:
                    backoff.met()
                await asyncio.sleep(backoff.wait_after(error))

    async def upload(self, upload: Upload, timeout: float | None) -> File:
        """Store a file, over as many streams as it takes."""
        backoff = Backoff(timeout, self._patience)
        while True:
            sending = upload.sending()
            try:
                return file_of((await self.send("UploadFile", sending, backoff.left())).file)
            except MAY_PASS as error:
                if sending.failure is not None or not upload.id:
                    raise
                if sending.moved:
                    backoff.met()
                await asyncio.sleep(backoff.wait_after(error))
            state = await self._state_of(upload, backoff)
            if state.file:
                return state.file
            if upload.go_on(state):
                backoff.progress()

    async def _state_of(self, upload: Upload, backoff: Backoff) -> UploadState:
        try:
            return await self._call(file_calls.get_upload(upload.id), backoff)
        except NotFoundError:
            # Nothing has come, or it has been forgotten.
            return UploadState(0, None)

    async def send(self, method: str, sending: Sending, timeout: float | None) -> Any:  # noqa: ANN401 - the caller knows its message
        """Make a call of files that streams requests, once; raises what their source raised.

        In gRPC's threads: `grpc.aio` may lose what a server says that answers before all
        has come (grpc/grpc#36066), and the source is read off the event loop like this.
        """
        with call_span("file", method) as traced:
            return await self._sent(method, sending, timeout, traced)

    async def _sent(
        self, method: str, sending: Sending, timeout: float | None, traced: Metadata
    ) -> Any:  # noqa: ANN401
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        call = self._threads.begin(method, sending, timeout, traced)

        def tell(_call: object) -> None:
            # The loop is gone if this was cancelled at its end.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(ended.set)

        try:
            call.add_done_callback(tell)
            await ended.wait()
            return outcome(call, sending)
        finally:
            call.cancel()
            sending.stop()

    def _made(self, method: Any, request: object, timeout: float | None, traced: Metadata) -> Any:  # noqa: ANN401
        """A call, begun: with the key, if there is one, and the trace that it belongs to."""
        return method(request, timeout=timeout, metadata=self._metadata + traced)


def _told(failed: grpc.RpcError, left: float | None) -> Error:
    """Why a stream failed for which there were `left` seconds."""
    error = from_call(failed)
    if not isinstance(error, ServerError) or error.message != HIDDEN:
        return error
    if left is not None and left < CLOCK_SECONDS:
        return DeadlineExceededError("the timeout of the call passed")
    # Asked again, the server says what has become of it.
    return UnavailableError("the stream broke while it was being sent to")
