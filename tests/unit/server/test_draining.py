"""Calls to a stopping server: real gRPC, with calls that end when the test decides."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import grpc
import pytest
from google.protobuf.wrappers_pb2 import BytesValue

from cellblock_client.errors import UnavailableError, from_call
from cellblock_server.app.draining import Draining, end_when_draining, is_ended_by_draining
from cellblock_server.rpc.stages.draining import DrainStage
from cellblock_server.rpc.stages.outcome import OutcomeStage
from cellblock_server.telemetry.metrics import Metrics
from tests.support import error_table
from tests.support.pipelines import new_pipeline


class ServedMethods:
    """A server with one call of each kind."""

    def __init__(self) -> None:
        self.draining = Draining()
        self.begun = asyncio.Event()
        self.may_end = asyncio.Event()
        self.was_drained: list[bool] = []
        """For each call that ended, whether it was ended because the server stops."""

    async def single(self, _request: bytes, _context: Any) -> BytesValue:
        await self._work()
        return BytesValue(value=b"done")

    async def upload(self, requests: AsyncIterator[bytes], _context: Any) -> BytesValue:
        if await anext(requests) == b"resumable":
            end_when_draining()
        await self._work()
        return BytesValue(value=b"done")

    async def stream(self, request: bytes, _context: Any) -> AsyncGenerator[BytesValue, None]:
        yield BytesValue(value=b"first")
        if request == b"resumable":
            end_when_draining()
        await self._work()
        yield BytesValue(value=b"last")

    async def _work(self) -> None:
        self.begun.set()
        try:
            await self.may_end.wait()
        finally:
            self.was_drained.append(is_ended_by_draining())

    def handlers(self, service: str) -> grpc.GenericRpcHandler:
        as_bytes: Any = BytesValue.SerializeToString
        methods: Any = {
            "Single": grpc.unary_unary_rpc_method_handler(
                self.single, response_serializer=as_bytes
            ),
            "Upload": grpc.stream_unary_rpc_method_handler(
                self.upload, response_serializer=as_bytes
            ),
            "Stream": grpc.unary_stream_rpc_method_handler(
                self.stream, response_serializer=as_bytes
            ),
        }
        return grpc.method_handlers_generic_handler(service, methods)


@pytest.fixture
def served() -> ServedMethods:
    return ServedMethods()


@pytest.fixture
async def channel(served: ServedMethods) -> AsyncIterator[grpc.aio.Channel]:
    server = grpc.aio.server(
        interceptors=[new_pipeline(OutcomeStage(Metrics()), DrainStage(served.draining))]
    )
    server.add_generic_rpc_handlers((served.handlers("test.Service"), served.handlers("grpc.test")))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield channel
    served.may_end.set()
    await server.stop(None)


def single(channel: grpc.aio.Channel, service: str = "test.Service") -> Any:
    method: Any = channel.unary_unary(
        f"/{service}/Single", response_deserializer=BytesValue.FromString
    )
    return method(b"")


def upload(channel: grpc.aio.Channel, kind: bytes) -> Any:
    method: Any = channel.stream_unary(
        "/test.Service/Upload", response_deserializer=BytesValue.FromString
    )
    return method(iter([kind]))


def stream(channel: grpc.aio.Channel, kind: bytes, service: str = "test.Service") -> Any:
    method: Any = channel.unary_stream(
        f"/{service}/Stream", response_deserializer=BytesValue.FromString
    )
    return method(kind)


async def fails(call: Any, reason: str) -> None:
    with pytest.raises(grpc.RpcError) as failed:
        await call
    error = from_call(failed.value)
    assert isinstance(error, UnavailableError)
    assert error.reason == reason
    assert error.retry_after is not None
    error_table.check(error, "UNAVAILABLE")


async def rest_of(responses: Any) -> list[bytes]:
    return [response.value async for response in responses]


async def test_new_call_is_refused_before_its_handler(
    served: ServedMethods, channel: grpc.aio.Channel
) -> None:
    served.draining.begin()
    await fails(single(channel), "SERVER_STOPPING")
    await fails(rest_of(stream(channel, b"")), "SERVER_STOPPING")
    assert not served.begun.is_set()


async def test_resumable_stream_ends_immediately(
    served: ServedMethods, channel: grpc.aio.Channel
) -> None:
    responses = stream(channel, b"resumable")
    first = await anext(aiter(responses))
    assert first.value == b"first"
    await served.begun.wait()
    served.draining.begin()
    await fails(rest_of(responses), "SERVER_STOPPING")
    assert served.was_drained == [True]


async def test_upload_that_declares_itself_resumable_is_ended(
    served: ServedMethods, channel: grpc.aio.Channel
) -> None:
    call = upload(channel, b"resumable")
    await served.begun.wait()
    served.draining.begin()
    await fails(call, "SERVER_STOPPING")


async def test_other_calls_may_complete(served: ServedMethods, channel: grpc.aio.Channel) -> None:
    responses = stream(channel, b"")
    await served.begun.wait()
    served.begun.clear()
    call = upload(channel, b"")
    await served.begun.wait()
    served.draining.begin()
    served.may_end.set()
    assert await rest_of(responses) == [b"first", b"last"]
    assert (await call).value == b"done"
    assert served.was_drained == [False, False]


async def test_unfinished_calls_end_with_server_stopped(
    served: ServedMethods, channel: grpc.aio.Channel
) -> None:
    call = single(channel)
    await served.begun.wait()
    served.draining.begin()
    served.draining.end_all()
    await fails(call, "SERVER_STOPPED")


async def test_health_checks_are_answered_and_health_watches_end_immediately(
    served: ServedMethods, channel: grpc.aio.Channel
) -> None:
    watch = stream(channel, b"", "grpc.test")
    await served.begun.wait()
    served.draining.begin()
    await fails(rest_of(watch), "SERVER_STOPPING")
    served.may_end.set()
    assert (await single(channel, "grpc.test")).value == b"done"
