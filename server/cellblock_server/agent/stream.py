"""The `Converse` call to an agent: numbered events, their acknowledgement, and our requests."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

import grpc

from cellblock.agent.v1 import agent_pb2 as pb
from cellblock_server.agent.checks import checked
from cellblock_server.agent.errors import AgentGoneError, translated_errors

Call = grpc.aio.StreamStreamCall[pb.ConverseRequest, pb.ConverseResponse]


@dataclass(frozen=True)
class ExecutionBounds:
    """Limits on the time and output of one execution; see `StartExecution` in `agent.proto`."""

    timeout: timedelta
    grace: timedelta
    output: pb.OutputLimits


class AgentStream:
    """Stream of events and requests, both in order; see `Converse` in `agent.proto`."""

    def __init__(self, call: Call, order_seconds: float) -> None:
        """Use `AgentConnection.converse`. The agent must accept each message in `order_seconds`."""
        self._order_seconds = order_seconds
        self._call = call
        self._acknowledged = -1
        self._writing = asyncio.Lock()

    async def acknowledge(self, sequence: int) -> None:
        """Acknowledge all events up to `sequence` as stored, unless already acknowledged.

        The first call starts the stream.
        """
        if sequence > self._acknowledged:
            await self._send(pb.ConverseRequest(acknowledged_sequence=sequence))

    async def start_execution(
        self,
        execution_id: str,
        code: str,
        bounds: ExecutionBounds,
        environment: Mapping[str, str],
        stored: int,
    ) -> None:
        """Start an execution in the kernel, and acknowledge all events up to `stored`."""
        order = pb.StartExecution(
            execution_id=execution_id, code=code, limits=bounds.output, environment=environment
        )
        order.timeout.FromTimedelta(bounds.timeout)
        order.grace.FromTimedelta(bounds.grace)
        await self._send(pb.ConverseRequest(acknowledged_sequence=stored, start_execution=order))

    async def interrupt_execution(self, execution_id: str, grace: timedelta) -> None:
        """Interrupt an execution."""
        order = pb.InterruptExecution(execution_id=execution_id)
        order.grace.FromTimedelta(grace)
        await self._send(
            pb.ConverseRequest(
                acknowledged_sequence=max(0, self._acknowledged), interrupt_execution=order
            )
        )

    async def __aiter__(self) -> AsyncIterator[list[pb.Event]]:
        """Yield batches of events, in order."""
        with translated_errors():
            async for message in self._call:
                yield list(checked(message).events)

    def cancel(self) -> None:
        """End the stream."""
        self._call.cancel()

    async def _send(self, request: pb.ConverseRequest) -> None:
        # gRPC allows one write at a time.
        try:
            async with asyncio.timeout(self._order_seconds), self._writing:
                self._acknowledged = max(self._acknowledged, request.acknowledged_sequence)
                with translated_errors():
                    await self._call.write(request)
        except TimeoutError as error:
            raise AgentGoneError(f"it accepted no message for {self._order_seconds:g} s") from error
