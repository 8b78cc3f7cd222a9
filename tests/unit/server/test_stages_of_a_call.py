"""The pipeline: each call passes the stages in the order of their list; a real server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest

from cellblock_server.common.errors import CellblockError, PermissionDeniedError
from cellblock_server.rpc.permissions import UNKNOWN
from cellblock_server.rpc.pipeline import Call, Method, Pipeline, Stage
from cellblock_server.rpc.stages.outcome import OutcomeStage
from cellblock_server.telemetry.metrics import Metrics
from tests.support.pipelines import new_pipeline

KINDS = ["unary_unary", "unary_stream", "stream_unary", "stream_stream"]


class Noting(Stage):
    """A stage that notes what it sees of each call, and refuses calls if it should."""

    def __init__(self, name: str, seen: list[str]) -> None:
        self._name = name
        self._seen = seen
        self.methods: list[Method] = []
        self.refusal: CellblockError | None = None

    def applies_to(self, method: Method) -> bool:
        self.methods.append(method)
        return True

    @asynccontextmanager
    async def during(self, call: Call) -> AsyncIterator[None]:
        self._note("enter")
        if self.refusal is not None:
            raise self.refusal
        call.look_at_request(lambda request: self._note(f"request {request.decode()}"))
        call.look_at_responses(lambda response: self._note(f"response {response.decode()}"))
        call.while_sending(self)
        try:
            yield
        finally:
            self._note("leave")

    async def before(self, _response: object) -> None:
        self._note("sending")

    def after(self) -> None:
        self._note("sent")

    def _note(self, what: str) -> None:
        self._seen.append(f"{self._name}: {what}")


class Ground:
    """A server with a method of each kind behind two stages."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.outer, self.inner = Noting("outer", self.seen), Noting("inner", self.seen)

    async def single(self, request: Any, _context: Any) -> bytes:
        if not isinstance(request, bytes):
            request = b"".join([each async for each in request])
        self.seen.append(f"serve {request.decode()}")
        return b"answer"

    async def stream(self, request: Any, context: Any) -> AsyncIterator[bytes]:
        yield await self.single(request, context)

    def pipeline(self) -> Pipeline:
        return new_pipeline(OutcomeStage(Metrics()), self.outer, self.inner)

    def handlers(self) -> grpc.GenericRpcHandler:
        methods: dict[str, Any] = {
            kind: getattr(grpc, f"{kind}_rpc_method_handler")(
                self.stream if kind.endswith("stream") else self.single
            )
            for kind in KINDS
        }
        return grpc.method_handlers_generic_handler("test.Service", methods)


@pytest.fixture
def ground() -> Ground:
    return Ground()


@asynccontextmanager
async def serving(
    ground: Ground, pipeline: grpc.aio.ServerInterceptor
) -> AsyncIterator[grpc.aio.Channel]:
    """A channel to a server behind `pipeline`."""
    server = grpc.aio.server(interceptors=[pipeline])
    server.add_generic_rpc_handlers((ground.handlers(),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield channel
    await server.stop(None)


async def call(channel: grpc.aio.Channel, kind: str, service: str = "test.Service") -> list[bytes]:
    make: Any = getattr(channel, kind)(f"/{service}/{kind}")
    running = make(iter([b"ask"]) if kind.startswith("stream") else b"ask")
    if kind.endswith("stream"):
        return [response async for response in running]
    return [await running]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_call_passes_all_stages_in_order(ground: Ground, kind: str) -> None:
    async with serving(ground, ground.pipeline()) as channel:
        assert await call(channel, kind) == [b"answer"]
    sending = ["inner: sending", "outer: sending"] if kind.endswith("stream") else []
    assert ground.seen == [
        "outer: enter",
        "inner: enter",
        "outer: request ask",
        "inner: request ask",
        "serve ask",
        *sending,
        "outer: response answer",
        "inner: response answer",
        *(["outer: sent", "inner: sent"] if sending else []),
        "inner: leave",
        "outer: leave",
    ]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_stage_refuses_a_call_before_its_message_is_received(
    ground: Ground, kind: str
) -> None:
    ground.inner.refusal = PermissionDeniedError("NO", "no")
    async with serving(ground, ground.pipeline()) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call(channel, kind)
    assert caught.value.code() is grpc.StatusCode.PERMISSION_DENIED
    assert ground.seen == ["outer: enter", "inner: enter", "outer: leave"]


async def test_a_caller_that_leaves_a_stream_leaves_all_stages(ground: Ground) -> None:
    waiting = asyncio.Event()

    async def stream(_request: Any, _context: Any) -> AsyncIterator[bytes]:
        yield b"first"
        waiting.set()
        await asyncio.Event().wait()

    patched: Any = ground
    patched.stream = stream
    async with serving(ground, ground.pipeline()) as channel:
        make: Any = channel.unary_stream("/test.Service/unary_stream")
        running = make(b"ask")
        assert await running.read() == b"first"
        await waiting.wait()
        running.cancel()
    assert ground.seen[-2:] == ["inner: leave", "outer: leave"]


async def test_methods_are_wrapped_once_and_invented_ones_are_one(ground: Ground) -> None:
    pipeline = Pipeline([ground.outer], {"/test.Service/unary_unary"})
    async with serving(ground, pipeline) as channel:
        for number in range(3):
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await call(channel, "unary_unary", f"test.Invented{number}")
            assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert ground.outer.methods == [Method(UNKNOWN, True, False, exists=False)]
