"""Interceptors of every call: errors become statuses, and each call leaves one log line.

Uses a real server on a real socket, with handlers of all four kinds.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
import pytest
import structlog
from grpc_status import rpc_status

from cellblock_server.common.errors import NotFoundError
from cellblock_server.rpc.stages.outcome import OutcomeStage
from cellblock_server.telemetry.metrics import Metrics
from tests.support.pipelines import new_pipeline
from tests.support.waiting import eventually

Act = Callable[[Any], Awaitable[None]]
Log = list[dict[str, Any]]

KINDS = ["unary_unary", "unary_stream", "stream_unary", "stream_stream"]
SECRET = "sesame"


class Service:
    """Handlers that all execute the test's function."""

    def __init__(self) -> None:
        self.act: Act = self.nothing

    async def nothing(self, _context: Any) -> None:
        pass

    async def single(self, _request: object, context: Any) -> bytes:
        await self.act(context)
        return b"answer"

    async def stream(self, request: object, context: Any) -> AsyncIterator[bytes]:
        yield await self.single(request, context)

    def handlers(self) -> grpc.GenericRpcHandler:
        methods: dict[str, Any] = {
            kind: getattr(grpc, f"{kind}_rpc_method_handler")(
                self.stream if kind.endswith("stream") else self.single
            )
            for kind in KINDS
        }
        return grpc.method_handlers_generic_handler("test.Service", methods)


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
async def channel(service: Service) -> AsyncIterator[grpc.aio.Channel]:
    server = grpc.aio.server(interceptors=[new_pipeline(OutcomeStage(Metrics()))])
    server.add_generic_rpc_handlers((service.handlers(),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield channel
    await server.stop(None)


@pytest.fixture
def log() -> Log:
    return []


@pytest.fixture(autouse=True)
def captured(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """Return the captured lines, with the fields bound to the call as in the server's logging."""

    def capture_line(_logger: object, _name: str, line: Any) -> Any:
        log.append(dict(line))
        raise structlog.DropEvent

    lines = structlog.wrap_logger(
        None, processors=[structlog.contextvars.merge_contextvars, capture_line]
    )
    monkeypatch.setattr("cellblock_server.rpc.stages.outcome.log", lines)


async def call(channel: grpc.aio.Channel, kind: str, **options: Any) -> bytes:
    make: Any = getattr(channel, kind)(f"/test.Service/{kind}")
    request: Any = iter([b"request"]) if kind.startswith("stream") else b"request"
    running = make(request, **options)
    answer: bytes = await (running.read() if kind.endswith("stream") else running)
    return answer


def calls(log: Log) -> Log:
    return [line for line in log if line["event"] == "call"]


@pytest.mark.parametrize("kind", KINDS)
async def test_call_leaves_one_log_line(channel: grpc.aio.Channel, log: Log, kind: str) -> None:
    assert await call(channel, kind) == b"answer"
    await eventually(lambda: bool(calls(log)))
    (line,) = calls(log)
    assert (line["rpc"], line["code"]) == (kind, "OK")
    assert 0 <= line["seconds"] < 10


@pytest.mark.parametrize("kind", KINDS)
async def test_cellblock_errors_become_their_status(
    channel: grpc.aio.Channel, service: Service, log: Log, kind: str
) -> None:
    async def act(_context: Any) -> None:
        raise NotFoundError("session", "sess_1")

    service.act = act
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call(channel, kind)
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
    error: Any = caught.value  # it has the methods of a Call
    status = rpc_status.from_call(error)
    assert status is not None
    assert [detail.TypeName() for detail in status.details] == [
        "google.rpc.ErrorInfo",
        "google.rpc.ResourceInfo",
    ]
    assert [line["code"] for line in log] == ["NOT_FOUND"]


@pytest.mark.parametrize("kind", KINDS)
async def test_fault_is_reported_by_its_id_only(
    channel: grpc.aio.Channel, service: Service, log: Log, kind: str
) -> None:
    async def act(_context: Any) -> None:
        raise ZeroDivisionError(SECRET)

    service.act = act
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call(channel, kind)
    assert caught.value.code() is grpc.StatusCode.INTERNAL
    fault, end = log
    assert fault["error_id"] in (caught.value.details() or "")
    assert SECRET not in repr(caught.value)
    assert isinstance(fault["exc_info"], ZeroDivisionError)
    assert end["code"] == "INTERNAL"


async def test_unrequested_cancellation_is_a_fault(
    channel: grpc.aio.Channel, service: Service, log: Log
) -> None:
    async def act(_context: Any) -> None:
        raise asyncio.CancelledError

    service.act = act
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call(channel, "unary_unary", timeout=10)
    assert caught.value.code() is grpc.StatusCode.INTERNAL
    assert [line["event"] for line in log] == ["fault", "call"]


@pytest.mark.parametrize("kind", KINDS)
async def test_status_set_by_the_handler_is_kept(
    channel: grpc.aio.Channel, service: Service, log: Log, kind: str
) -> None:
    async def act(context: Any) -> None:
        await context.abort(grpc.StatusCode.DATA_LOSS, "given")

    service.act = act
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call(channel, kind)
    assert (caught.value.code(), caught.value.details()) == (grpc.StatusCode.DATA_LOSS, "given")
    await eventually(lambda: bool(log))
    assert [line["code"] for line in log] == ["DATA_LOSS"]


@pytest.mark.parametrize("kind", KINDS)
async def test_disconnect_of_the_caller_cancels_the_handler(
    channel: grpc.aio.Channel, service: Service, log: Log, kind: str
) -> None:
    entered, ended = asyncio.Event(), asyncio.Event()

    async def act(_context: Any) -> None:
        entered.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    service.act = act
    calling = asyncio.create_task(call(channel, kind))
    await asyncio.wait_for(entered.wait(), 10)
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    await asyncio.wait_for(ended.wait(), 10)
    await eventually(lambda: bool(log))
    assert [line["code"] for line in log] == ["CANCELLED"]


async def test_unknown_method_is_unimplemented(channel: grpc.aio.Channel) -> None:
    absent: Any = channel.unary_unary("/test.Service/absent")
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await absent(b"request")
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
