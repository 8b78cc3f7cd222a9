"""Outermost stage: sets the log context, logs one line, and converts errors to statuses."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache, partial
from secrets import token_hex
from typing import NoReturn

import grpc
import structlog
from grpc_status import rpc_status

from cellblock_server.common.errors import CellblockError, InternalError
from cellblock_server.rpc.caller import CALLER
from cellblock_server.rpc.connections.strangers import Strangers
from cellblock_server.rpc.pipeline import Call, Stage
from cellblock_server.rpc.status import status_of
from cellblock_server.rpc.subjects import subjects_of
from cellblock_server.store.records import Role
from cellblock_server.telemetry.metrics import Metrics

log = structlog.get_logger(__name__)


class OutcomeStage(Stage):
    """Ends each call with a status, a line in the log and a measurement.

    A `CellblockError` becomes its status. Anything else is a server error: the caller gets INTERNAL
    with an id, and the log has the traceback under the same id.
    """

    def __init__(
        self,
        metrics: Metrics,
        strangers: Strangers | None = None,
        *,
        all_are_admins: bool = False,
    ) -> None:
        """Count calls in `metrics`.

        Ignores calls of connections that `strangers` ends. `all_are_admins` if keys are not
        required.
        """
        self._metrics = metrics
        self._strangers = strangers
        self._all_are_admins = all_are_admins
        self._seconds = cache(metrics.rpc_seconds.labels)

    @asynccontextmanager
    async def during(self, call: Call) -> AsyncIterator[None]:
        """Log and count the call, and turn its error into a status."""
        if self._strangers is not None:
            await self._strangers.await_end(call.context)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(rpc=call.method.rpc)
        call.look_at_request(_bind_subjects)
        start = time.monotonic()
        try:
            yield
        except asyncio.CancelledError as error:
            await self._stray(error, call, start)
            raise
        except Exception as error:  # noqa: BLE001 - reported, and logged if it is a server error
            await self._fail(error, call, start)
        self._end("OK", call, start)

    def _end(self, code: str, call: Call, start: float) -> None:
        # Health probes come every few seconds.
        write = log.debug if call.method.name.startswith("/grpc.") else log.info
        seconds = time.monotonic() - start
        line = partial(write, "call", code=code, seconds=round(seconds, 4))
        # Not before the status: the caller waits for it, and no task waits for the line.
        asyncio.get_running_loop().call_soon(line)
        self._seconds(call.method.name.removeprefix("/"), code).observe(seconds)

    async def _stray(
        self,
        error: asyncio.CancelledError,
        call: Call,
        start: float,
    ) -> None:
        """Give the caller a status for a cancellation that no task requested."""
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            self._end("CANCELLED", call, start)
        else:
            await self._fail(RuntimeError(f"stray cancellation: {error!r}"), call, start)

    async def _fail(
        self,
        error: Exception,
        call: Call,
        start: float,
    ) -> NoReturn:
        if isinstance(error, grpc.aio.AbortError):
            self._end(call.context.code().name, call, start)
            raise error  # the handler has set its status already
        if not isinstance(error, CellblockError):
            identity = token_hex(8)
            log.error("fault", error_id=identity, exc_info=error)
            error = InternalError(
                "FAULT", f"a server error; the server's log has details under {identity}"
            )
        elif error.detail:
            log.warning("call_failed", reason=error.reason, detail=str(error))
        caller = CALLER.get(None)
        # A call refused before the caller is known counts as an admin's where all callers are.
        for_admin = self._all_are_admins if caller is None else caller.role >= Role.ADMIN
        status = rpc_status.to_status(status_of(error, for_admin=for_admin))
        self._metrics.refusals.labels(status.code.name, error.reason).inc()
        self._end(status.code.name, call, start)
        await call.context.abort_with_status(status)
        raise AssertionError("abort_with_status always raises")


def _bind_subjects(request: object) -> None:
    """Add the ids that the request names to the call's log lines."""
    named = subjects_of(request)
    structlog.contextvars.bind_contextvars(
        **{name: named[name] for name in ("session_id", "execution_id") if name in named}
    )
