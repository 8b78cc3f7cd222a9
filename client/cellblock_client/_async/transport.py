"""Transport of calls: retries where that is safe, and maps failures to the client's errors."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, TypeVar

import grpc

from cellblock_client import file_calls
from cellblock_client._backend_async import AsyncChannel, error_of_stream, sleep
from cellblock_client.calls import Call, Page
from cellblock_client.channel import Connection
from cellblock_client.cursor import Cursor
from cellblock_client.errors import (
    NotFoundError,
    ResourceExhaustedError,
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
from cellblock_client.tracing import call_span
from cellblock_client.types import File, SessionFile, UploadState, file_of, session_file

T = TypeVar("T")


class AsyncTransport:
    """Transport of one client's calls."""

    def __init__(self, connection: Connection, patience: Patience) -> None:
        """Connect; `patience` limits how long calls are retried while the server is away."""
        self._patience = patience
        self._channel = AsyncChannel(connection)

    async def close(self) -> None:
        """Close the connection."""
        await self._channel.close()

    async def call(self, call: Call[T], timeout: float | None) -> T:
        """Make a call, and retry it where that is safe."""
        return await self._call(call, Backoff(timeout, self._patience))

    async def _call(self, call: Call[T], backoff: Backoff) -> T:
        with call_span(call.service, call.method) as traced:
            while True:
                try:
                    response = await self._channel.begin(
                        call.service, call.method, call.request, backoff.left(), traced
                    )
                except grpc.RpcError as failed:
                    error = from_call(failed)
                    if not (call.repeatable or is_refused_unheard(error) or is_overload(error)):
                        raise error from failed
                    if backoff.repeated and call.is_done_by(error):
                        response = None
                    else:
                        await sleep(backoff.wait_after(error))
                        continue
                backoff.met()
                return call.parse(response)

    async def items(
        self, page: Callable[[str], Call[Page[T]]], timeout: float | None
    ) -> AsyncIterator[T]:
        """Yield all items of a listing."""
        async for found in self.pages(page, timeout):
            for item in found.items:
                yield item

    async def pages(
        self, page: Callable[[str], Call[Page[T]]], timeout: float | None
    ) -> AsyncIterator[Page[T]]:
        """Yield all pages of a listing; `timeout` is for each page."""
        token = ""
        while True:
            found = await self.call(page(token), timeout)
            yield found
            token = found.next_token
            if not token:
                return

    async def events(self, cursor: Cursor[T], timeout: float | None) -> AsyncGenerator[T, None]:
        """Yield events up to the last, over as many streams as necessary."""
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
                        for event in cursor.accept_response(response):
                            yield event
                cursor.end_of_stream()
            except MAY_PASS as error:
                await sleep(backoff.wait_after(error))

    async def stream(
        self,
        service: str,
        method: str,
        request: object,
        timeout: float | None,
        is_over: Callable[[], bool] = lambda: False,
    ) -> AsyncGenerator[Any, None]:
        """Yield the responses of a streaming call, up to the one after which it `is_over`."""
        deadline = Deadline(timeout)
        with call_span(service, method) as traced:
            responses = self._channel.begin(service, method, request, timeout, traced)
            over = False
            try:
                async for response in responses:
                    yield response
                    if over := is_over():
                        self._channel.let_end(responses)
                        return
            except grpc.RpcError as failed:
                raise error_of_stream(failed, deadline.left()) from failed
            finally:
                if not over:
                    responses.cancel()

    async def download(
        self, download: Download, timeout: float | None
    ) -> AsyncGenerator[bytes, None]:
        """Yield a stored file's bytes, over as many streams as necessary; verify them last."""
        backoff = Backoff(timeout, self._patience)
        while not download.done:
            stream = self.stream("file", "DownloadFile", download.request(), backoff.left())
            try:
                async with aclosing(stream) as responses:
                    async for response in responses:
                        if data := download.accept_message(response):
                            backoff.progress()
                            yield data
                break
            except MAY_PASS as error:
                await sleep(backoff.wait_after(error))
        download.check()

    async def data(
        self, method: str, request: object, timeout: float | None
    ) -> AsyncGenerator[bytes, None]:
        """Yield the bytes of a session file; retry only while none have been received.

        The file may have changed between two attempts, so that two parts need not belong together.
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
                await sleep(backoff.wait_after(error))

    async def data_once(
        self, method: str, request: object, timeout: float | None
    ) -> AsyncGenerator[bytes, None]:
        """Yield the bytes of a session file, without a retry."""
        async with aclosing(self.stream("file", method, request, timeout)) as responses:
            async for response in responses:
                yield response.data

    async def retry_work(
        self, work: Callable[[float | None], Awaitable[T]], timeout: float | None
    ) -> T:
        """Do `work`, and retry it if the connection breaks; it gets the seconds that are left."""
        backoff = Backoff(timeout, self._patience)
        while True:
            try:
                return await work(backoff.left())
            except (UnavailableError, ResourceExhaustedError) as error:
                await sleep(backoff.wait_after(error))

    async def write(self, write: SessionWrite, timeout: float | None) -> SessionFile:
        """Write a file into a session, and retry if the connection breaks."""
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
                await sleep(backoff.wait_after(error))

    async def upload(self, upload: Upload, timeout: float | None) -> File:
        """Store a file, over as many streams as necessary."""
        backoff = Backoff(timeout, self._patience)
        while True:
            sending = upload.sending()
            try:
                response = await self.send("UploadFile", sending, backoff.left())
                return file_of(response.file)
            except MAY_PASS as error:
                if sending.failure is not None or not upload.id:
                    raise
                if sending.moved:
                    backoff.met()
                await sleep(backoff.wait_after(error))
            state = await self._state_of(upload, backoff)
            if state.file:
                return state.file
            if upload.resume_from(state):
                backoff.progress()

    async def _state_of(self, upload: Upload, backoff: Backoff) -> UploadState:
        try:
            return await self._call(file_calls.get_upload(upload.id), backoff)
        except NotFoundError:
            # The server has received nothing, or has discarded the upload.
            return UploadState(0, None)

    async def send(self, method: str, sending: Sending, timeout: float | None) -> Any:  # noqa: ANN401 - the caller knows its message
        """Make a file call that streams requests, once; raises what their source raised."""
        with call_span("file", method) as traced:
            return await self._channel.send(method, sending, timeout, traced)
