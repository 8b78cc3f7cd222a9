"""Requests of calls: received after the call is admitted, and within a time limit."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import grpc
import pytest

from cellblock_client.errors import InvalidArgumentError, UnavailableError, from_call
from cellblock_server.rpc.pipeline import Pipeline
from cellblock_server.rpc.stages.outcome import OutcomeStage
from cellblock_server.rpc.stages.receiving import MAX_PARTLY_RECEIVED, ReceivingStage
from cellblock_server.telemetry.metrics import Metrics
from tests.support import error_table
from tests.support.waiting import eventually

SECONDS = 0.3
PATHS = [f"/test.Service/{kind}" for kind in ("unary_unary", "unary_stream", "stream_unary")]


class ServedMethods:
    """A server with a few methods that record their requests."""

    def __init__(self) -> None:
        self.receiving = ReceivingStage(timedelta(seconds=SECONDS))
        self.requests: list[object] = []

    async def unary_unary(self, request: bytes, _context: Any) -> bytes:
        self.requests.append(request)
        return b"answer"

    async def unary_stream(self, request: bytes, _context: Any) -> AsyncIterator[bytes]:
        self.requests.append(request)
        yield b"answer"

    async def stream_unary(self, requests: AsyncIterator[bytes], _context: Any) -> bytes:
        self.requests += [request async for request in requests]
        return b"answer"

    def handlers(self) -> grpc.GenericRpcHandler:
        methods: dict[str, Any] = {
            kind: getattr(grpc, f"{kind}_rpc_method_handler")(getattr(self, kind))
            for kind in ("unary_unary", "unary_stream", "stream_unary")
        }
        return grpc.method_handlers_generic_handler("test.Service", methods)


@pytest.fixture
def served() -> ServedMethods:
    return ServedMethods()


@pytest.fixture
async def channel(served: ServedMethods) -> AsyncIterator[Any]:
    server = grpc.aio.server(interceptors=[Pipeline([OutcomeStage(Metrics()), served.receiving])])
    server.add_generic_rpc_handlers((served.handlers(),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield channel
    await server.stop(None)


async def silent_requests() -> AsyncIterator[bytes]:
    """Return a request stream that never yields."""
    await asyncio.Event().wait()
    yield b""


async def test_all_kinds_of_requests_are_received_completely(
    served: ServedMethods, channel: Any
) -> None:
    assert await channel.unary_unary(PATHS[0])(b"a") == b"answer"
    assert [each async for each in channel.unary_stream(PATHS[1])(b"b")] == [b"answer"]
    assert await channel.stream_unary(PATHS[2])(iter([b"c", b"d"])) == b"answer"
    assert served.requests == [b"a", b"b", b"c", b"d"]


@pytest.mark.parametrize("path", PATHS)
async def test_request_that_does_not_arrive_in_time_is_refused(
    served: ServedMethods, channel: Any, path: str
) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        await channel.stream_unary(path)(silent_requests())
    error = from_call(caught.value)
    assert isinstance(error, UnavailableError)
    error_table.check(error, "UNAVAILABLE")
    assert served.requests == []


async def test_call_without_a_message_is_refused(served: ServedMethods, channel: Any) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        await channel.stream_unary(PATHS[0])(iter([]))
    assert isinstance(from_call(caught.value), InvalidArgumentError)
    assert served.requests == []


async def test_number_of_partly_received_requests_of_a_connection_is_bounded(
    served: ServedMethods, channel: Any
) -> None:
    held = [channel.stream_unary(PATHS[0])(silent_requests()) for _ in range(MAX_PARTLY_RECEIVED)]
    await eventually(lambda: served.receiving.received_at_once == MAX_PARTLY_RECEIVED)
    waiting = asyncio.ensure_future(channel.unary_unary(PATHS[0])(b"a"))
    for call in held:
        call.cancel()
    assert await waiting == b"answer"
    await eventually(lambda: served.receiving.received_at_once == 0)
