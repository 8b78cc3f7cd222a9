"""Innermost stage: receives the request's message, within a time limit and in turn."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from cellblock_server.common.errors import InvalidArgumentError, UnavailableError
from cellblock_server.rpc.connections.accepted import peer_address
from cellblock_server.rpc.pipeline import Call, Method, Requests, Stage

MAX_PARTLY_RECEIVED = 16
"""Maximum of first messages of one connection that gRPC receives concurrently; others wait."""
LEAVING_SECONDS = 1.0
"""Time in which gRPC reports that a call whose requests have ended was cancelled."""


class ReceivingStage(Stage):
    """Receives the first message of a call within a time limit; belongs inside of all others."""

    def __init__(self, timeout: timedelta, most: int = MAX_PARTLY_RECEIVED) -> None:
        """Wait for `timeout`, and for `most` messages of a connection concurrently."""
        self._timeout = timeout.total_seconds()
        self._turns = _Turns(most)

    @property
    def received_at_once(self) -> int:
        """Return the number of calls whose first message is being received or is waiting."""
        return self._turns.calls

    def applies_to(self, method: Method) -> bool:
        """Skip methods that do not exist: they are refused without their message."""
        return method.exists

    @asynccontextmanager
    async def during(self, call: Call) -> AsyncIterator[None]:
        """Receive the request, and pass it to the servicer."""
        call.request = await self._received(call)
        yield

    async def _received(self, call: Call) -> object:
        """Return the one message; of a stream all messages, of which the first has arrived.

        Raises UnavailableError if it does not come in time.
        """
        # All callers on a Unix socket have one name: each call has its own turn.
        requests = call.request
        peer = peer_address(call.context.peer()) or f"call {id(call)}"
        queue = self._turns.join(peer)
        try:
            async with asyncio.timeout(self._timeout), queue.free:
                first = await anext(aiter(requests), None)
        except TimeoutError as error:
            raise UnavailableError(
                "REQUEST_NOT_RECEIVED",
                f"the request did not arrive within {self._timeout:g} s (server.request_timeout)",
            ) from error
        finally:
            self._turns.leave(peer)
        if first is None and not call.method.streams_requests:
            # The requests of a cancelled call end like those of others.
            await asyncio.sleep(LEAVING_SECONDS)
            raise InvalidArgumentError("request", "is missing: the call has no message")
        return _after(first, requests) if call.method.streams_requests else first


class _Turns:
    """Turns of the calls of each connection."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._queues: dict[str, _Queue] = {}

    @property
    def calls(self) -> int:
        """Return the number of calls that have their turn, or wait for it."""
        return sum(queue.calls for queue in self._queues.values())

    def join(self, peer: str) -> "_Queue":
        """Return the peer's queue, with one more call in it until that call leaves."""
        queue = self._queues.get(peer)
        if queue is None:
            queue = self._queues[peer] = _Queue(asyncio.Semaphore(self._most))
        queue.calls += 1
        return queue

    def leave(self, peer: str) -> None:
        """Remove one call."""
        queue = self._queues[peer]
        queue.calls -= 1
        if not queue.calls:
            del self._queues[peer]


@dataclass
class _Queue:
    free: asyncio.Semaphore
    calls: int = field(default=0)


async def _after(first: object | None, requests: Requests) -> AsyncIterator[object]:
    """Yield all messages, the first one included."""
    if first is None:
        return
    yield first
    async for request in requests:
        yield request
