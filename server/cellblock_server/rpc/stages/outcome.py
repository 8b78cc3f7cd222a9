"""Around every call: log context, one log line, and errors turned into statuses."""

import asyncio
import time
from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing
from functools import cache, partial
from secrets import token_hex
from typing import NoReturn

import grpc
import structlog
from grpc_status import rpc_status

from cellblock_server.common.errors import CellblockError, InternalError
from cellblock_server.rpc.caller import CALLER
from cellblock_server.rpc.connections.strangers import Strangers
from cellblock_server.rpc.handlers import (
    Context,
    Continuation,
    Handler,
    Single,
    Streaming,
    looked_at,
    wrapped,
)
from cellblock_server.rpc.permissions import UNKNOWN
from cellblock_server.rpc.status import status_of
from cellblock_server.rpc.subjects import subjects_of
from cellblock_server.store.records import Role
from cellblock_server.telemetry.metrics import Metrics

log = structlog.get_logger(__name__)


class CallInterceptor(grpc.aio.ServerInterceptor):
    """Wraps the handlers of all services.

    A `CellblockError` becomes its status. Anything else is our fault: the caller
    gets INTERNAL with an id, and the log has the traceback under the same id.
    To be put around all others: it asks for each method's handler once, and keeps it.
    """

    def __init__(
        self,
        metrics: Metrics,
        methods: Collection[str] | None = None,
        strangers: Strangers | None = None,
        *,
        all_are_admins: bool = False,
    ) -> None:
        """Begin with no handler known; count calls.

        All methods that are not in `methods` are treated as one: a caller may invent names
        without end. Calls of connections that `strangers` ends are left alone. Without required
        keys, `all_are_admins`.
        """
        self._metrics = metrics
        self._strangers = strangers
        self._methods = methods
        self._all_are_admins = all_are_admins
        self._handlers: dict[str, Handler] = {}

    async def intercept_service(
        self, continuation: Continuation, details: grpc.HandlerCallDetails
    ) -> Handler:
        """Wrap the handler that would take the call."""
        known = self._handlers.get(details.method)
        if known is not None:
            return known
        is_known = self._methods is None or details.method in self._methods
        method = details.method if is_known else UNKNOWN
        if method in self._handlers:
            return self._handlers[method]
        handler = await continuation(details)
        if handler is None:
            return None
        call = _Call(method, self._metrics, self._strangers, all_are_admins=self._all_are_admins)
        made = self._handlers[method] = wrapped(handler, call.single, call.streaming)
        return made


def _bind_subjects(request: object) -> None:
    """Have the lines of a call name what it is about."""
    named = subjects_of(request)
    structlog.contextvars.bind_contextvars(
        **{name: named[name] for name in ("session_id", "execution_id") if name in named}
    )


class _Call:
    def __init__(
        self, method: str, metrics: Metrics, strangers: Strangers | None, *, all_are_admins: bool
    ) -> None:
        self._strangers = strangers
        self._method = method
        self._all_are_admins = all_are_admins
        self._rpc = method.rpartition("/")[2]
        self._metrics = metrics
        self._seconds = cache(partial(metrics.rpc_seconds.labels, method.removeprefix("/")))

    def single(self, inner: Single) -> Single:
        async def call(request: object, context: Context) -> object:
            if self._strangers is not None:
                await self._strangers.await_end(context)
            start = self._begin()
            try:
                response = await inner(looked_at(request, _bind_subjects), context)
            except asyncio.CancelledError as error:
                await self._stray(error, context, start)
                raise
            except Exception as error:  # noqa: BLE001 - told, and logged if it is our fault
                await self._fail(error, context, start)
            self._end("OK", start)
            return response

        return call

    def streaming(self, inner: Streaming) -> Streaming:
        async def call(request: object, context: Context) -> AsyncGenerator[object, None]:
            if self._strangers is not None:
                await self._strangers.await_end(context)
            start = self._begin()
            try:
                requests = looked_at(request, _bind_subjects)
                # Closed at once when the caller leaves, not when it is collected.
                async with aclosing(inner(requests, context)) as responses:
                    async for response in responses:
                        yield response
            except asyncio.CancelledError as error:
                await self._stray(error, context, start)
                raise
            except Exception as error:  # noqa: BLE001 - told, and logged if it is our fault
                await self._fail(error, context, start)
            self._end("OK", start)

        return call

    def _begin(self) -> float:
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(rpc=self._rpc)
        return time.monotonic()

    def _end(self, code: str, start: float) -> None:
        # Health probes come every few seconds.
        write = log.debug if self._method.startswith("/grpc.") else log.info
        seconds = time.monotonic() - start
        line = partial(write, "call", code=code, seconds=round(seconds, 4))
        # Next, not now: the caller waits for the answer, and nobody for the line.
        asyncio.get_running_loop().call_soon(line)
        self._seconds(code).observe(seconds)

    async def _stray(
        self,
        error: asyncio.CancelledError,
        context: Context,
        start: float,
    ) -> None:
        """A cancellation that nobody asked for would leave the caller without an answer."""
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            self._end("CANCELLED", start)
        else:
            await self._fail(RuntimeError(f"stray cancellation: {error!r}"), context, start)

    async def _fail(
        self,
        error: Exception,
        context: Context,
        start: float,
    ) -> NoReturn:
        if isinstance(error, grpc.aio.AbortError):
            self._end(context.code().name, start)
            raise error  # the handler has given its status already
        if not isinstance(error, CellblockError):
            identity = token_hex(8)
            log.error("fault", error_id=identity, exc_info=error)
            error = InternalError(
                "FAULT", f"a fault in the server; its log tells more under {identity}"
            )
        elif error.detail:
            log.warning("call_failed", reason=error.reason, detail=str(error))
        caller = CALLER.get(None)
        # One that is refused before it is known who calls is an admin's where all are.
        for_admin = self._all_are_admins if caller is None else caller.role >= Role.ADMIN
        status = rpc_status.to_status(status_of(error, for_admin=for_admin))
        self._metrics.refusals.labels(status.code.name, error.reason).inc()
        self._end(status.code.name, start)
        await context.abort_with_status(status)
        raise AssertionError("abort_with_status always raises")
