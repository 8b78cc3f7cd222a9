"""`transport.py` for asyncio."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, TypeVar

import grpc

from cellblock.v1 import execution_pb2_grpc, file_pb2_grpc, session_pb2_grpc
from cellblock_client.calls import Call, Page
from cellblock_client.channel import OPTIONS
from cellblock_client.cursor import EventCursor
from cellblock_client.errors import DeadlineExceededError, UnavailableError, from_call
from cellblock_client.events import Event
from cellblock_client.retry import Backoff

T = TypeVar("T")


class AsyncTransport:
    """One connection, for asyncio."""

    def __init__(self, address: str) -> None:
        """Connect to `address`."""
        self._channel = grpc.aio.insecure_channel(address, options=OPTIONS)
        self._stubs: dict[str, Any] = {
            "session": session_pb2_grpc.SessionServiceStub(self._channel),
            "execution": execution_pb2_grpc.ExecutionServiceStub(self._channel),
            "file": file_pb2_grpc.FileServiceStub(self._channel),
        }

    async def close(self) -> None:
        """Close the connection."""
        await self._channel.close()

    async def call(self, call: Call[T], timeout: float | None) -> T:
        """Make a call."""
        method = getattr(self._stubs[call.service], call.method)
        backoff = Backoff(timeout)
        while True:
            try:
                return call.parse(await method(call.request, timeout=backoff.left()))
            except grpc.RpcError as failed:
                error = from_call(failed)
                if not call.repeatable:
                    raise error from failed
                await asyncio.sleep(backoff.wait_after(error))

    async def pages(
        self, page: Callable[[str], Call[Page[T]]], timeout: float | None
    ) -> AsyncIterator[T]:
        """All items of a listing."""
        token = ""
        while True:
            found = await self.call(page(token), timeout)
            for item in found.items:
                yield item
            token = found.next_token
            if not token:
                return

    async def events(self, cursor: EventCursor, timeout: float | None) -> AsyncIterator[Event]:
        """Events to the last, over as many streams as it takes."""
        backoff = Backoff(timeout)
        while not cursor.done:
            method, request = cursor.request()
            try:
                async for response in self.stream("execution", method, request, backoff.left()):
                    backoff.progress()
                    event = cursor.take(response)
                    if event is not None:
                        yield event
            except (UnavailableError, DeadlineExceededError) as error:
                await asyncio.sleep(backoff.wait_after(error))

    async def stream(
        self, service: str, method: str, request: object, timeout: float | None
    ) -> AsyncIterator[Any]:
        """Responses of a streaming call."""
        responses = getattr(self._stubs[service], method)(request, timeout=timeout)
        try:
            async for response in responses:
                yield response
        except grpc.RpcError as failed:
            raise from_call(failed) from failed
        finally:
            responses.cancel()

    async def send(
        self, service: str, method: str, requests: Iterator[Any], timeout: float | None
    ) -> Any:  # noqa: ANN401 - the caller knows its message
        """Make a call that streams requests; not again, for they are used up."""
        failures: list[Exception] = []

        async def in_threads() -> AsyncIterator[Any]:
            """The same requests, with the file read off the event loop."""
            try:
                while (request := await asyncio.to_thread(next, requests, None)) is not None:
                    yield request
            except Exception as error:  # noqa: BLE001 - raised below
                # gRPC would only cancel the call. Without an end, the server refuses it.
                failures.append(error)

        try:
            return await getattr(self._stubs[service], method)(in_threads(), timeout=timeout)
        except grpc.RpcError as failed:
            raise (failures[0] if failures else from_call(failed)) from failed
