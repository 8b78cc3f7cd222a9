# Generated from `client/cellblock_client/_async/transport.py` by `make client`: change that.
"""Transport of calls: retries where that is safe, and maps failures to the client's errors."""

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from typing import Any, TypeVar

import grpc

from cellblock_client import file_calls
from cellblock_client._backend_sync import Channel, error_of_stream, sleep
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


class Transport:
    """Transport of one client's calls."""

    def __init__(self, connection: Connection, patience: Patience) -> None:
        """Connect; `patience` limits how long calls are retried while the server is away."""
        self._patience = patience
        self._channel = Channel(connection)

    def close(self) -> None:
        """Close the connection."""
        self._channel.close()

    def call(self, call: Call[T], timeout: float | None) -> T:
        """Make a call, and retry it where that is safe."""
        return self._call(call, Backoff(timeout, self._patience))

    def _call(self, call: Call[T], backoff: Backoff) -> T:
        with call_span(call.service, call.method) as traced:
            while True:
                try:
                    response = self._channel.begin(
                        call.service, call.method, call.request, backoff.left(), traced
                    )
                except grpc.RpcError as failed:
                    error = from_call(failed)
                    if not (call.repeatable or is_refused_unheard(error) or is_overload(error)):
                        raise error from failed
                    if backoff.repeated and call.is_done_by(error):
                        response = None
                    else:
                        sleep(backoff.wait_after(error))
                        continue
                backoff.met()
                return call.parse(response)

    def items(self, page: Callable[[str], Call[Page[T]]], timeout: float | None) -> Iterator[T]:
        """Yield all items of a listing."""
        for found in self.pages(page, timeout):
            yield from found.items

    def pages(
        self, page: Callable[[str], Call[Page[T]]], timeout: float | None
    ) -> Iterator[Page[T]]:
        """Yield all pages of a listing; `timeout` is for each page."""
        token = ""
        while True:
            found = self.call(page(token), timeout)
            yield found
            token = found.next_token
            if not token:
                return

    def events(self, cursor: Cursor[T], timeout: float | None) -> Generator[T, None, None]:
        """Yield events up to the last, over as many streams as necessary."""
        backoff = Backoff(timeout, self._patience)
        while not cursor.done:
            method, request = cursor.request()
            try:
                stream = self.stream(
                    cursor.service, method, request, backoff.left(), lambda: cursor.done
                )
                with closing(stream) as responses:
                    for response in responses:
                        backoff.progress()
                        yield from cursor.accept_response(response)
                cursor.end_of_stream()
            except MAY_PASS as error:
                sleep(backoff.wait_after(error))

    def stream(
        self,
        service: str,
        method: str,
        request: object,
        timeout: float | None,
        is_over: Callable[[], bool] = lambda: False,
    ) -> Generator[Any, None, None]:
        """Yield the responses of a streaming call, up to the one after which it `is_over`."""
        deadline = Deadline(timeout)
        with call_span(service, method) as traced:
            responses = self._channel.begin(service, method, request, timeout, traced)
            over = False
            try:
                for response in responses:
                    yield response
                    if over := is_over():
                        self._channel.let_end(responses)
                        return
            except grpc.RpcError as failed:
                raise error_of_stream(failed, deadline.left()) from failed
            finally:
                if not over:
                    responses.cancel()

    def download(self, download: Download, timeout: float | None) -> Generator[bytes, None, None]:
        """Yield a stored file's bytes, over as many streams as necessary; verify them last."""
        backoff = Backoff(timeout, self._patience)
        while not download.done:
            stream = self.stream("file", "DownloadFile", download.request(), backoff.left())
            try:
                with closing(stream) as responses:
                    for response in responses:
                        if data := download.accept_message(response):
                            backoff.progress()
                            yield data
                break
            except MAY_PASS as error:
                sleep(backoff.wait_after(error))
        download.check()

    def data(
        self, method: str, request: object, timeout: float | None
    ) -> Generator[bytes, None, None]:
        """Yield the bytes of a session file; retry only while none have been received.

        The file may have changed between two attempts, so that two parts need not belong together.
        """
        backoff = Backoff(timeout, self._patience)
        begun = False
        while True:
            try:
                with closing(self.data_once(method, request, backoff.left())) as pieces:
                    for piece in pieces:
                        begun = True
                        backoff.met()
                        yield piece
                return
            except (UnavailableError, ResourceExhaustedError) as error:
                if begun:
                    raise
                sleep(backoff.wait_after(error))

    def data_once(
        self, method: str, request: object, timeout: float | None
    ) -> Generator[bytes, None, None]:
        """Yield the bytes of a session file, without a retry."""
        with closing(self.stream("file", method, request, timeout)) as responses:
            for response in responses:
                yield response.data

    def retry_work(self, work: Callable[[float | None], T], timeout: float | None) -> T:
        """Do `work`, and retry it if the connection breaks; it gets the seconds that are left."""
        backoff = Backoff(timeout, self._patience)
        while True:
            try:
                return work(backoff.left())
            except (UnavailableError, ResourceExhaustedError) as error:
                sleep(backoff.wait_after(error))

    def write(self, write: SessionWrite, timeout: float | None) -> SessionFile:
        """Write a file into a session, and retry if the connection breaks."""
        backoff = Backoff(timeout, self._patience)
        while True:
            sending = write.sending()
            try:
                response = self.send("WriteSessionFile", sending, backoff.left())
                return session_file(response.file)
            except MAY_PASS as error:
                if sending.failure is not None or not write.repeatable:
                    raise
                if sending.moved:
                    backoff.met()
                sleep(backoff.wait_after(error))

    def upload(self, upload: Upload, timeout: float | None) -> File:
        """Store a file, over as many streams as necessary."""
        backoff = Backoff(timeout, self._patience)
        while True:
            sending = upload.sending()
            try:
                response = self.send("UploadFile", sending, backoff.left())
                return file_of(response.file)
            except MAY_PASS as error:
                if sending.failure is not None or not upload.id:
                    raise
                if sending.moved:
                    backoff.met()
                sleep(backoff.wait_after(error))
            state = self._state_of(upload, backoff)
            if state.file:
                return state.file
            if upload.resume_from(state):
                backoff.progress()

    def _state_of(self, upload: Upload, backoff: Backoff) -> UploadState:
        try:
            return self._call(file_calls.get_upload(upload.id), backoff)
        except NotFoundError:
            # The server has received nothing, or has discarded the upload.
            return UploadState(0, None)

    def send(self, method: str, sending: Sending, timeout: float | None) -> Any:  # noqa: ANN401 - the caller knows its message
        """Make a file call that streams requests, once; raises what their source raised."""
        with call_span("file", method) as traced:
            return self._channel.send(method, sending, timeout, traced)
