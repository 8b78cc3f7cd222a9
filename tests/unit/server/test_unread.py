"""Streams whose callers don't read: a real server on a real socket, and a manual clock."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import grpc
import pytest
from google.protobuf.wrappers_pb2 import BytesValue

from cellblock_server.common.supervisor import Supervisor, TaskSet
from cellblock_server.rpc.caller import LOCAL
from cellblock_server.rpc.connections.limits import StrangerLimits
from cellblock_server.rpc.connections.strangers import Strangers
from cellblock_server.rpc.pipeline import Stage
from cellblock_server.rpc.stages.auth import AuthStage
from cellblock_server.rpc.stages.outcome import OutcomeStage
from cellblock_server.rpc.stages.rates import RateStage
from cellblock_server.rpc.stages.unread import UnreadStage
from cellblock_server.telemetry.metrics import Metrics
from cellblock_server.tenants.call_quota import OpenCalls
from cellblock_server.tenants.call_rate import CallRates
from cellblock_server.tenants.quotas import QuotaTable
from tests.support.pipelines import new_pipeline
from tests.support.quotas import QUOTAS
from tests.support.waiting import eventually

ABSENT: Any = None
LIMIT = 600.0
MESSAGE = BytesValue(value=b"x" * 2**20)
"""More than gRPC buffers without a reader."""
SMALL_WINDOW = [("grpc.http2.lookahead_bytes", 1024), ("grpc.http2.bdp_probe", 0)]


class ServedStream:
    """A server whose stream sends `messages` large messages, then waits if `lingers` is set."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.messages = 3
        self.lingers = False
        self.begun = 0
        """Number of messages passed to gRPC."""
        self.ended = asyncio.Event()
        self.calls = OpenCalls(1)
        self.unread = UnreadStage(
            timedelta(seconds=LIMIT), self.calls, Supervisor(), lambda: self.seconds
        )

    @property
    def is_open(self) -> bool:
        """Whether the call counts as open."""
        return self.calls._open[LOCAL.tenant] > 0

    async def stream(self, _request: bytes, _context: Any) -> AsyncGenerator[BytesValue, None]:
        try:
            for number in range(self.messages):
                self.begun = number + 1
                yield MESSAGE
            if self.lingers:
                await asyncio.Event().wait()
        finally:
            self.ended.set()

    def handlers(self) -> grpc.GenericRpcHandler:
        method: Any = grpc.unary_stream_rpc_method_handler(
            self.stream, response_serializer=lambda message: message.SerializeToString()
        )
        return grpc.method_handlers_generic_handler("test.Service", {"Stream": method})

    @property
    def waits_since(self) -> list[float | None]:
        """Time of the message that waits in gRPC, for each open stream; None if none waits."""
        return [stream.waits_since for stream in self.unread._streams]

    async def until_it_waits(self, number: int) -> None:
        """Wait until gRPC has this many messages and the last one is unsent."""
        await eventually(lambda: self.begun == number and self.waits_since != [None])

    def stages(self) -> list[Stage]:
        rates = CallRates(QuotaTable(replace(QUOTAS, calls_per_second=10)), lambda: 0.0)
        return [
            OutcomeStage(Metrics()),
            AuthStage(ABSENT, ABSENT, Strangers(StrangerLimits()), required=False),
            RateStage(rates, self.calls),
            self.unread,
        ]


@pytest.fixture
def served() -> ServedStream:
    return ServedStream()


@pytest.fixture
async def call(served: ServedStream, ending: TaskSet) -> AsyncIterator[Any]:
    """Return a call of the stream that is not read yet."""
    server = grpc.aio.server(interceptors=[new_pipeline(*served.stages())])
    server.add_generic_rpc_handlers((served.handlers(),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=SMALL_WINDOW) as channel:
        method: Any = channel.unary_stream(
            "/test.Service/Stream", response_deserializer=BytesValue.FromString
        )
        yield method(b"")
    await server.stop(None)


@pytest.fixture
async def ending() -> AsyncIterator[TaskSet]:
    """Return the tasks that end streams, and join them after the test."""
    tasks = Supervisor().task_set("ends")
    yield tasks
    await tasks.join()


async def test_unread_stream_is_ended_with_an_error(
    served: ServedStream, call: Any, ending: TaskSet
) -> None:
    await served.until_it_waits(1)
    served.seconds = LIMIT - 1
    served.unread.end_unread_streams(ending)
    await asyncio.sleep(0)
    assert served.unread._streams
    served.seconds = LIMIT
    served.unread.end_unread_streams(ending)
    await asyncio.wait_for(served.ended.wait(), 10)
    # The task of gRPC ends.
    await eventually(lambda: served.calls._open[LOCAL.tenant] == 1)
    # Earlier messages still arrive; until then they use memory, so the call counts.
    assert served.is_open
    assert await call.read() == MESSAGE
    with pytest.raises(grpc.aio.AioRpcError, match=r"was taken for 600 s") as caught:
        await call.read()
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    await eventually(lambda: not served.is_open)


async def test_slow_reader_gets_all_messages(
    served: ServedStream, call: Any, ending: TaskSet
) -> None:
    for number in range(1, served.messages + 1):
        await served.until_it_waits(number)
        served.seconds += LIMIT - 1
        served.unread.end_unread_streams(ending)
        assert await call.read() == MESSAGE
    assert await call.read() is grpc.aio.EOF


async def test_idle_stream_continues(served: ServedStream, call: Any, ending: TaskSet) -> None:
    served.messages, served.lingers = 1, True
    assert await call.read() == MESSAGE
    # The server learns a moment later that the message was read.
    await eventually(lambda: served.waits_since == [None])
    served.seconds = LIMIT * 100
    served.unread.end_unread_streams(ending)
    assert served.unread._streams
    call.cancel()
    await asyncio.wait_for(served.ended.wait(), 10)


async def test_caller_may_disconnect_after_its_stream_was_ended(
    served: ServedStream, call: Any, ending: TaskSet
) -> None:
    await served.until_it_waits(1)
    served.seconds = LIMIT
    served.unread.end_unread_streams(ending)
    await asyncio.wait_for(served.ended.wait(), 10)
    assert served.is_open
    call.cancel()
    await eventually(lambda: not served.is_open)


async def test_server_may_stop_while_an_ended_stream_is_unread(
    served: ServedStream, call: Any, ending: TaskSet
) -> None:
    await served.until_it_waits(1)
    served.seconds = LIMIT
    served.unread.end_unread_streams(ending)
    await asyncio.wait_for(served.ended.wait(), 10)
    assert not call.done()
