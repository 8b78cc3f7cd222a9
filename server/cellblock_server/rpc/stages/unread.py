"""Stage: end a stream whose caller takes nothing of what it was sent."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta

import grpc
import structlog
from google.protobuf.message import Message
from grpc_status import rpc_status

from cellblock_server.common.errors import UnavailableError
from cellblock_server.common.supervisor import Supervisor, TaskSet
from cellblock_server.rpc.caller import tenant
from cellblock_server.rpc.pipeline import Call, Context, Method, Stage
from cellblock_server.rpc.status import status_of
from cellblock_server.tenants.call_quota import OpenCalls

LOOK_SECONDS = 1.0
"""How much longer than it may a stream can wait."""
LARGE_BYTES = 2**14
"""Of a first message. A smaller one waits only behind other streams of its connection, and for so
little nothing is ended."""

log = structlog.get_logger(__name__)


class UnreadStage(Stage):
    """Ends streams that wait for their callers for too long, while it is `run`.

    To be put inside of `RateStage`. gRPC keeps the bytes that it was given until they are
    taken, or the connection ends: a status can only follow them. So until then the call counts
    as open, though all else that it held is let go of.
    """

    def __init__(
        self,
        timeout: timedelta,
        calls: OpenCalls,
        supervisor: Supervisor,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Let a stream wait for `timeout`, as `now` counts seconds."""
        self._supervisor = supervisor
        self._timeout = timeout.total_seconds()
        self._calls = calls
        self._now = now
        self._streams: set[_Stream] = set()

    def applies_to(self, method: Method) -> bool:
        """Responses to one call each are taken whole; health probes belong to no tenant."""
        return method.streams_responses and not method.is_open

    @asynccontextmanager
    async def during(self, call: Call) -> AsyncIterator[None]:
        """Watch how long each response waits."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("not in a task")
        stream = _Stream(call.method.rpc, tenant(), call.context, task, self._now)
        call.while_sending(stream)
        self._streams.add(stream)
        try:
            yield
        finally:
            self._streams.discard(stream)

    async def run(self) -> None:
        """Go on until cancelled."""
        ending = self._supervisor.task_set("unread_stream_ends")
        try:
            while True:
                await asyncio.sleep(LOOK_SECONDS)
                self.look(ending)
        finally:
            await ending.cancel()

    def look(self, ending: TaskSet) -> None:
        """End what has waited for too long; `ending` has those whose callers are to be told."""
        latest = self._now() - self._timeout
        for stream in list(self._streams):
            since = stream.waits_since
            if stream.has_begun and since is not None and since <= latest:
                self._streams.discard(stream)
                log.warning("stream_not_read", rpc=stream.rpc, tenant=stream.tenant)
                # Of itself gRPC would leave the caller without a status.
                stream.task.cancel()
                ending.start(self._tell(stream), name=f"end {stream.rpc}")

    async def _tell(self, stream: "_Stream") -> None:
        """Wait until its caller has been told, or has left."""
        error = UnavailableError(
            "STREAM_NOT_READ",
            f"nothing of this stream was taken for {self._timeout:g} s (server.unread_timeout); "
            "go on from what has come",
        )
        status = rpc_status.to_status(status_of(error))
        with self._calls.kept(stream.tenant), suppress(grpc.aio.BaseError):
            await stream.context.abort_with_status(status)


@dataclass(eq=False)
class _Stream:
    rpc: str
    tenant: str
    context: Context
    task: "asyncio.Task[object]"
    now: Callable[[], float]
    waits_since: float | None = None
    """When gRPC was given the message that it has not got rid of."""
    has_begun: bool = False
    """Whether gRPC has sent what comes before the first message: no status can until then."""

    async def before(self, response: object) -> None:
        """Called before a message is given to gRPC."""
        if not self.has_begun and _is_large(response):
            await self.context.send_initial_metadata(())
            self.has_begun = True
        self.waits_since = self.now()

    def after(self) -> None:
        """Called when gRPC asks for the next message."""
        self.waits_since, self.has_begun = None, True


def _is_large(response: object) -> bool:
    return isinstance(response, Message) and response.ByteSize() > LARGE_BYTES
