"""A call to an agent whose connection has been closed: gRPC's own errors become AgentGoneError."""

from typing import Any

import grpc
import pytest

from cellblock_server.agent.errors import AgentGoneError, translated_errors

TARGET = "unix:/nonexistent"
METHOD = "/test.Agent/Call"


@pytest.mark.parametrize("kind", ["unary_unary", "unary_stream", "stream_unary", "stream_stream"])
async def test_call_on_a_closed_channel_is_an_agent_that_is_gone(kind: str) -> None:
    channel = grpc.aio.insecure_channel(TARGET)
    method: Any = getattr(channel, kind)(METHOD)
    await channel.close()
    request = iter([b""]) if kind.startswith("stream") else b""

    async def call() -> None:
        with translated_errors():
            answer = method(request)
            await (answer.read() if kind.endswith("stream") else answer)

    with pytest.raises(AgentGoneError, match=r"does not answer"):
        await call()
