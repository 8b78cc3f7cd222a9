"""Makes calls, again where that is safe, and turns failures into our errors."""

import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
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
    Patience,
    is_overload,
    is_refused_unheard,
)
from cellblock_client.sending import Sending, SessionWrite, Upload
from cellblock_client.tracing import Metadata, call_span
from cellblock_client.types import File, SessionFile, UploadState, file_of, session_file

T = TypeVar("T")

MAX_ENDING = 8
"""Streams whose last message has come, and whose status may still be on its way."""


class Transport:
    """One connection, for ordinary code."""

    def __init__(self, connection: Connection, patience: Patience) -> None:
        """Connect; `patience` is with the server while it is away."""
        self._channel = connection.channel()
        self._patience = patience
        self._metadata = connection.metadata
        self._ending: deque[Any] = deque()
        self._stubs: dict[str, Any] = {
            "session": session_pb2_grpc.SessionServiceStub(self._channel),
            "execution": execution_pb2_grpc.ExecutionServiceStub(self._channel),
            "file": file_pb2_grpc.FileServiceStub(self._channel),
            "admin": admin_pb2_grpc.AdminServiceStub(self._channel),
            "run_step": run_step_pb2_grpc.RunStepServiceStub(self._channel),
        }

    def close(self) -> None:
        """Close the connection."""
        self._channel.close()

    def call(self, call: Call[T], timeout: float | None) -> T:
        """Make a call."""
        return self._call(call, Backoff(timeout, self._patience))

    def _call(self, call: Call[T], backoff: Backoff) -> T:
        method = getattr(self._stubs[call.service], call.method)
        with call_span(call.service, call.method) as traced:
            while True:
                try:
                    response = self._made(method, call.request, backoff.left(), traced)
                except grpc.RpcError as failed:
                    error = from_call(failed)
                    if not (call.repeatable or is_refused_unheard(error) or is_overload(error)):
                        raise error from failed
                    if backoff.repeated and call.is_done_by(error):
                        response = None
                    else:
                        time.sleep(backoff.wait_after(error))
                        continue
                backoff.met()
                return call.parse(response)

    def items(self, page: Callable[[str], Call[Page[T]]], timeout: float | None) -> Iterator[T]:
        """All items of a listing."""
        for found in self.pages(page, timeout):
            yield from found.items

    def pages(
        self, page: Callable[[str], Call[Page[T]]], timeout: float | None
    ) -> Iterator[Page[T]]:
        """All pages of a listing; `timeout` is for each."""
        token = ""
        while True:
            found = self.call(page(token), timeout)
            yield found
            token = found.next_token
            if not token:
                return

    def events(self, cursor: Cursor[T], timeout: float | None) -> Generator[T, None, None]:
        """Events to the last, over as many streams as it takes."""
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
                        yield from cursor.take(response)
                cursor.end_of_stream()
            except MAY_PASS as error:
                time.sleep(backoff.wait_after(error))

    def stream(
        self,
        service: str,
        method: str,
        request: object,
        timeout: float | None,
        is_over: Callable[[], bool] = lambda: False,
    ) -> Generator[Any, None, None]:
        """Responses of a streaming call, up to the one after which it `is_over`."""
        with call_span(service, method) as traced:
            responses = self._made(getattr(self._stubs[service], method), request, timeout, traced)
            over = False
            try:
                for response in responses:
                    yield response
                    if over := is_over():
                        self._let_end(responses)
                        return
            except grpc.RpcError as failed:
                raise from_call(failed) from failed
            finally:
                if not over:
                    responses.cancel()

    def _let_end(self, responses: Any) -> None:  # noqa: ANN401 - gRPC's calls have no public type
        """Leave a stream to its end, which says no more: a caller need not wait for it.

        Cancelled at once, it would look to the server as if its caller had left.
        """
        self._ending.append(responses)
        if len(self._ending) > MAX_ENDING:
            self._ending.popleft().cancel()

    def download(self, download: Download, timeout: float | None) -> Generator[bytes, None, None]:
        """A stored file's bytes, over as many streams as it takes; checked at the end."""
        backoff = Backoff(timeout, self._patience)
        while not download.done:
            request = download.request()
            try:
                for response in self.stream("file", "DownloadFile", request, backoff.left()):
                    if data := download.take(response):
                        backoff.progress()
                        yield data
                break
            except MAY_PASS as error:
                time.sleep(backoff.wait_after(error))
        download.check()

    def data(
        self, method: str, request: object, timeout: float | None
    ) -> Generator[bytes, None, None]:
        """Bytes of what lies in a session: asked for again only while none have come.

        It may have changed since, and two halves need not be of one whole.
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
                time.sleep(backoff.wait_after(error))

    def data_once(
        self, method: str, request: object, timeout: float | None
    ) -> Generator[bytes, None, None]:
        """As `data`, asked for once."""
        with closing(self.stream("file", method, request, timeout)) as responses:
            for response in responses:
                yield response.data

    def again(self, work: Callable[[float | None], T], timeout: float | None) -> T:
        """Do `work`, which gets the seconds that are left, again when the connection breaks."""
        backoff = Backoff(timeout, self._patience)
        while True:
            try:
                return work(backoff.left())
            except (UnavailableError, ResourceExhaustedError) as error:
                time.sleep(backoff.wait_after(error))

    def write(self, write: SessionWrite, timeout: float | None) -> SessionFile:
        """Write a file into a session, again when the connection breaks."""
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
                time.sleep(backoff.wait_after(error))

    def upload(self, upload: Upload, timeout: float | None) -> File:
        """Store a file, over as many streams as it takes."""
        backoff = Backoff(timeout, self._patience)
        while True:
            sending = upload.sending()
            try:
                return file_of(self.send("UploadFile", sending, backoff.left()).file)
            except MAY_PASS as error:
                if sending.failure is not None or not upload.id:
                    raise
                if sending.moved:
                    backoff.met()
                time.sleep(backoff.wait_after(error))
            state = self._state_of(upload, backoff)
            if state.file:
                return state.file
            if upload.go_on(state):
                backoff.progress()

    def _state_of(self, upload: Upload, backoff: Backoff) -> UploadState:
        try:
            return self._call(file_calls.get_upload(upload.id), backoff)
        except NotFoundError:
            # Nothing has come, or it has been forgotten.
            return UploadState(0, None)

    def send(self, method: str, sending: Sending, timeout: float | None) -> Any:  # noqa: ANN401 - the caller knows its message
        """Make a call of files that streams requests, once; raises what their source raised."""
        with call_span("file", method) as traced:
            # As a future: an interrupt in the middle of a call can leave gRPC's locks held.
            call = self.begin(method, sending, timeout, traced)
            try:
                return outcome(call, sending)
            finally:
                call.cancel()
                sending.stop()

    def begin(self, method: str, sending: Sending, timeout: float | None, traced: Metadata) -> Any:  # noqa: ANN401 - gRPC's futures have no public type
        """Begin what `send` does; its `outcome` comes later."""
        requests = _requests(sending)
        return self._made(getattr(self._stubs["file"], method).future, requests, timeout, traced)

    def _made(self, method: Any, request: object, timeout: float | None, traced: Metadata) -> Any:  # noqa: ANN401
        """A call, begun: with the key, if there is one, and the trace that it belongs to."""
        return method(request, timeout=timeout, metadata=self._metadata + traced)


def outcome(call: Any, sending: Sending) -> Any:  # noqa: ANN401
    """The response of a call that has begun, when it has come."""
    response = None
    try:
        response = call.result()
    except grpc.RpcError as failed:
        if sending.failure is None:
            raise from_call(failed) from failed
    if sending.failure is not None:
        raise sending.failure
    return response


def _requests(sending: Sending) -> Iterator[Any]:
    while (request := sending.take()) is not None:
        yield request
        sending.taken()
