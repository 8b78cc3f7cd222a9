"""Calls to a server that stops: a real one, with calls that end when a test says so."""

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


class Ground:
    """A server with one call of each kind."""

    def __init__(self) -> None:
        self.draining = Draining()
        self.begun = asyncio.Event()
        self.may_end = asyncio.Event()
        self.was_drained: list[bool] = []
        """Whether each call that ended knew that the server stops."""

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
def ground() -> Ground:
    return Ground()


@pytest.fixture
async def channel(ground: Ground) -> AsyncIterator[grpc.aio.Channel]:
    server = grpc.aio.server(
        interceptors=[new_pipeline(OutcomeStage(Metrics()), DrainStage(ground.draining))]
    )
    server.add_generic_rpc_handlers((ground.handlers("test.Service"), ground.handlers("grpc.test")))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield channel
    ground.may_end.set()
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


async def test_a_call_that_comes_then_is_refused_unheard(
    ground: Ground, channel: grpc.aio.Channel
) -> None:
    ground.draining.begin()
    await fails(single(channel), "SERVER_STOPPING")
    await fails(rest_of(stream(channel, b"")), "SERVER_STOPPING")
    assert not ground.begun.is_set()


async def test_a_stream_that_can_be_resumed_ends_at_once(
    ground: Ground, channel: grpc.aio.Channel
) -> None:
    responses = stream(channel, b"resumable")
    first = await anext(aiter(responses))
    assert first.value == b"first"
    await ground.begun.wait()
    ground.draining.begin()
    await fails(rest_of(responses), "SERVER_STOPPING")
    assert ground.was_drained == [True]


async def test_one_that_becomes_resumable_later_ends_then(
    ground: Ground, channel: grpc.aio.Channel
) -> None:
    call = upload(channel, b"resumable")
    await ground.begun.wait()
    ground.draining.begin()
    await fails(call, "SERVER_STOPPING")


async def test_what_can_not_be_resumed_may_end_by_itself(
    ground: Ground, channel: grpc.aio.Channel
) -> None:
    responses = stream(channel, b"")
    await ground.begun.wait()
    ground.begun.clear()
    call = upload(channel, b"")
    await ground.begun.wait()
    ground.draining.begin()
    ground.may_end.set()
    assert await rest_of(responses) == [b"first", b"last"]
    assert (await call).value == b"done"
    assert ground.was_drained == [False, False]


async def test_what_has_not_ended_in_time_is_told_that_it_may_have_been_done(
    ground: Ground, channel: grpc.aio.Channel
) -> None:
    call = single(channel)
    await ground.begun.wait()
    ground.draining.begin()
    ground.draining.end_all()
    await fails(call, "SERVER_STOPPED")


async def test_health_is_told_until_the_end_and_its_watches_end_at_once(
    ground: Ground, channel: grpc.aio.Channel
) -> None:
    watch = stream(channel, b"", "grpc.test")
    await ground.begun.wait()
    ground.draining.begin()
    await fails(rest_of(watch), "SERVER_STOPPING")
    ground.may_end.set()
    assert (await single(channel, "grpc.test")).value == b"done"
