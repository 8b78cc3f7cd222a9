"""Stage that ends a stream whose caller stops reading."""

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
"""Interval of checks, and so the time by which a stream can exceed its limit."""
LARGE_BYTES = 2**14
"""Size of a large first message; streams with a smaller one are not ended.

A smaller message waits only behind other streams of its connection.
"""

log = structlog.get_logger(__name__)


class UnreadStage(Stage):
    """Ends streams whose callers do not read for too long, while `run` runs.

    Belongs inside of `RateStage`. gRPC keeps the bytes that it was given until they are read, or
    the connection ends: a status can only follow them. So until then the call counts as open,
    though all its other resources are released.
    """

    def __init__(
        self,
        timeout: timedelta,
        calls: OpenCalls,
        supervisor: Supervisor,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Let a stream wait for `timeout`; `now` returns seconds."""
        self._supervisor = supervisor
        self._timeout = timeout.total_seconds()
        self._calls = calls
        self._now = now
        self._streams: set[_Stream] = set()

    def applies_to(self, method: Method) -> bool:
        """Select streams of tenants: single responses are read whole, and probes have no tenant."""
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
        """Check the streams until cancelled."""
        ending = self._supervisor.task_set("unread_stream_ends")
        try:
            while True:
                await asyncio.sleep(LOOK_SECONDS)
                self.end_unread_streams(ending)
        finally:
            await ending.cancel()

    def end_unread_streams(self, ending: TaskSet) -> None:
        """End streams that waited too long; `ending` runs the tasks that report it to callers."""
        latest = self._now() - self._timeout
        for stream in list(self._streams):
            since = stream.waits_since
            if stream.has_begun and since is not None and since <= latest:
                self._streams.discard(stream)
                log.warning("stream_not_read", rpc=stream.rpc, tenant=stream.tenant)
                # Without this gRPC would leave the caller without a status.
                stream.task.cancel()
                ending.start(self._await_report(stream), name=f"end {stream.rpc}")

    async def _await_report(self, stream: "_Stream") -> None:
        """Wait until the caller has got the status, or has disconnected."""
        error = UnavailableError(
            "STREAM_NOT_READ",
            f"nothing of this stream was taken for {self._timeout:g} s (server.unread_timeout); "
            "resume after the last message that you received",
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
    """Time since which gRPC has had a message that it has not sent."""
    has_begun: bool = False
    """Whether gRPC has sent what precedes the first message: no status can be sent before."""

    async def before(self, response: object) -> None:
        """Record the message that is given to gRPC."""
        if not self.has_begun and _is_large(response):
            await self.context.send_initial_metadata(())
            self.has_begun = True
        self.waits_since = self.now()

    def after(self) -> None:
        """Record that gRPC has sent the message."""
        self.waits_since, self.has_begun = None, True


def _is_large(response: object) -> bool:
    return isinstance(response, Message) and response.ByteSize() > LARGE_BYTES
