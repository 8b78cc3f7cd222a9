"""Streams whose callers take nothing: a real server on a real socket, and a clock that is set."""

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
"""More than gRPC takes without a reader."""
SMALL_WINDOW = [("grpc.http2.lookahead_bytes", 1024), ("grpc.http2.bdp_probe", 0)]


class Ground:
    """A server whose stream sends `messages` large ones; then, if it `lingers`, nothing."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.messages = 3
        self.lingers = False
        self.begun = 0
        """How many messages gRPC was given."""
        self.ended = asyncio.Event()
        self.calls = OpenCalls(1)
        self.unread = UnreadStage(
            timedelta(seconds=LIMIT), self.calls, Supervisor(), lambda: self.seconds
        )

    @property
    def is_open(self) -> bool:
        """Whether the call counts."""
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
        """When gRPC was given the message that waits, of the call that is open."""
        return [stream.waits_since for stream in self.unread._streams]

    async def until_it_waits(self, number: int) -> None:
        """Wait until gRPC has so many messages, and not got rid of the last one."""
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
def ground() -> Ground:
    return Ground()


@pytest.fixture
async def call(ground: Ground, ending: TaskSet) -> AsyncIterator[Any]:
    """A call of the stream that nobody reads yet."""
    server = grpc.aio.server(interceptors=[new_pipeline(*ground.stages())])
    server.add_generic_rpc_handlers((ground.handlers(),))
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
    """What `look` begins has an end of its own."""
    tasks = Supervisor().task_set("ends")
    yield tasks
    await tasks.join()


async def test_one_that_takes_nothing_is_ended_and_told(
    ground: Ground, call: Any, ending: TaskSet
) -> None:
    await ground.until_it_waits(1)
    ground.seconds = LIMIT - 1
    ground.unread.end_unread_streams(ending)
    await asyncio.sleep(0)
    assert ground.unread._streams
    ground.seconds = LIMIT
    ground.unread.end_unread_streams(ending)
    await asyncio.wait_for(ground.ended.wait(), 10)
    # gRPC's task ends.
    await eventually(lambda: ground.calls._open[LOCAL.tenant] == 1)
    # What gRPC was given before comes whole; until then it is somewhere, and counts.
    assert ground.is_open
    assert await call.read() == MESSAGE
    with pytest.raises(grpc.aio.AioRpcError, match=r"was taken for 600 s") as caught:
        await call.read()
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    await eventually(lambda: not ground.is_open)


async def test_one_that_is_slow_has_all(ground: Ground, call: Any, ending: TaskSet) -> None:
    for number in range(1, ground.messages + 1):
        await ground.until_it_waits(number)
        ground.seconds += LIMIT - 1
        ground.unread.end_unread_streams(ending)
        assert await call.read() == MESSAGE
    assert await call.read() is grpc.aio.EOF


async def test_one_that_has_nothing_to_send_goes_on(
    ground: Ground, call: Any, ending: TaskSet
) -> None:
    ground.messages, ground.lingers = 1, True
    assert await call.read() == MESSAGE
    # The server hears a moment later that the message was taken.
    await eventually(lambda: ground.waits_since == [None])
    ground.seconds = LIMIT * 100
    ground.unread.end_unread_streams(ending)
    assert ground.unread._streams
    call.cancel()
    await asyncio.wait_for(ground.ended.wait(), 10)


async def test_a_caller_may_leave_when_it_has_been_ended(
    ground: Ground, call: Any, ending: TaskSet
) -> None:
    await ground.until_it_waits(1)
    ground.seconds = LIMIT
    ground.unread.end_unread_streams(ending)
    await asyncio.wait_for(ground.ended.wait(), 10)
    assert ground.is_open
    call.cancel()
    await eventually(lambda: not ground.is_open)


async def test_the_server_may_end_meanwhile(ground: Ground, call: Any, ending: TaskSet) -> None:
    await ground.until_it_waits(1)
    ground.seconds = LIMIT
    ground.unread.end_unread_streams(ending)
    await asyncio.wait_for(ground.ended.wait(), 10)
    assert not call.done()
