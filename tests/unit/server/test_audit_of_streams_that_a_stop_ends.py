"""A stream that the server's stop ends has one entry in the audit log: that it began."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest

from cellblock_server.app.draining import Draining, end_when_draining
from cellblock_server.common.clock import utc_now
from cellblock_server.rpc.stages.audit import AuditStage
from cellblock_server.rpc.stages.draining import DrainStage
from cellblock_server.rpc.stages.outcome import OutcomeStage
from cellblock_server.store.records import AuditRecord
from cellblock_server.telemetry.metrics import Metrics
from tests.support.pipelines import new_pipeline


class Audit:
    """An audit log in memory."""

    def __init__(self) -> None:
        self.records: list[AuditRecord] = []

    def check(self) -> None:
        """Take every call."""

    def add(self, record: AuditRecord) -> None:
        self.records.append(record)


async def test_a_stream_that_began_has_one_entry() -> None:
    audit: Any = Audit()
    draining, waiting = Draining(), asyncio.Event()

    async def stream(_request: bytes, _context: Any) -> AsyncIterator[bytes]:
        yield b"first"
        end_when_draining()
        waiting.set()
        await asyncio.Event().wait()

    pipeline = new_pipeline(
        OutcomeStage(Metrics()),
        DrainStage(draining),
        AuditStage(audit, utc_now, lambda _context: "peer"),
    )
    server = grpc.aio.server(interceptors=[pipeline])
    method: Any = grpc.unary_stream_rpc_method_handler(stream)
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("test.Service", {"Stream": method}),)
    )
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        call: Any = channel.unary_stream("/test.Service/Stream")
        responses = call(b"")
        assert await responses.read() == b"first"
        await waiting.wait()
        draining.begin()
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await responses.read()
    await server.stop(None)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert [(record.outcome, record.peer) for record in audit.records] == [("OK", "peer")]
