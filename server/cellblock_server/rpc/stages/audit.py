"""Around every call: an entry in the audit log."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

import grpc
from google.rpc import code_pb2

from cellblock_server.common.clock import Clock
from cellblock_server.common.errors import CellblockError
from cellblock_server.rpc.caller import CALLER
from cellblock_server.rpc.handlers import (
    Context,
    Continuation,
    Handler,
    Single,
    Streaming,
    looked_at,
    wrapped,
)
from cellblock_server.rpc.permissions import NEEDED, OPEN, UNKNOWN
from cellblock_server.rpc.stages.auth import claimed_key
from cellblock_server.rpc.status import status_of
from cellblock_server.rpc.subjects import subjects_of
from cellblock_server.store.records import AuditRecord
from cellblock_server.tenants.audit import AuditLog

MAX_PEER = 100


class AuditInterceptor(grpc.aio.ServerInterceptor):
    """Has an entry stored for each call: of a stream when it begins to answer.

    A stream that fails later has another entry, which says how. Raises UnavailableError
    instead of taking a call that could not be told.
    """

    def __init__(self, audit: AuditLog, now: Clock, peer_of: Callable[[Context], str]) -> None:
        """Store entries in `audit`; to be put around `AuthInterceptor`."""
        self._audit = audit
        self._now = now
        self._peer_of = peer_of

    async def intercept_service(
        self, continuation: Continuation, details: grpc.HandlerCallDetails
    ) -> Handler:
        """Wrap the handler that would take the call."""
        handler = await continuation(details)
        if handler is None or details.method in OPEN:
            return handler
        method = details.method if details.method in NEEDED else UNKNOWN

        def single(inner: Single) -> Single:
            async def call(request: object, context: Context) -> object:
                entry = self._entry(method, context)
                try:
                    response = await inner(entry.about(request), context)
                except BaseException as error:
                    entry.failed(error)
                    raise
                entry.answered(response)
                return response

            return call

        def streaming(inner: Streaming) -> Streaming:
            async def call(request: object, context: Context) -> AsyncGenerator[object, None]:
                entry = self._entry(method, context)
                try:
                    async with aclosing(inner(entry.about(request), context)) as responses:
                        async for response in responses:
                            entry.answered(response)
                            yield response
                    entry.answered(None)
                except BaseException as error:
                    entry.failed(error)
                    raise

            return call

        return wrapped(handler, single, streaming)

    def _entry(self, method: str, context: Context) -> "_Entry":
        return _Entry(self._audit, self._now, method, context, self._peer_of(context))


class _Entry:
    """What is told of one call."""

    def __init__(
        self, audit: AuditLog, now: Clock, method: str, context: Context, peer: str
    ) -> None:
        audit.check()
        self._audit = audit
        self._now = now
        self._rpc = method.rpartition("/")[2]
        self._context = context
        self._peer = peer
        self._subjects: dict[str, str] = {}
        self._told = False

    def about(self, request: object) -> object:
        """The request, or the requests with a look at the first one."""
        return looked_at(request, self._name_subjects)

    def answered(self, response: object) -> None:
        """Tell that the call does what was asked for; once."""
        if not self._told:
            self._subjects = subjects_of(response) | self._subjects
            self._tell("OK", "")

    def failed(self, error: BaseException) -> None:
        """Tell how the call ended. That a caller left a stream is no failure of it."""
        left = isinstance(error, asyncio.CancelledError | GeneratorExit)
        if not (left and self._told):
            self._tell(*_outcome(error, self._context))

    def _tell(self, outcome: str, reason: str) -> None:
        self._told = True
        caller = CALLER.get(None)
        self._audit.add(
            AuditRecord(
                time=self._now(),
                tenant=caller.tenant if caller else "",
                key_id=caller.key_id if caller else claimed_key(self._context),
                peer=self._peer[:MAX_PEER],
                rpc=self._rpc,
                subjects=self._subjects,
                outcome=outcome,
                reason=reason,
            )
        )

    def _name_subjects(self, request: object) -> None:
        self._subjects |= subjects_of(request)


def _outcome(error: BaseException, context: Context) -> tuple[str, str]:
    """The status and reason that the caller gets for an error."""
    match error:
        case CellblockError():
            return str(code_pb2.Code.Name(status_of(error).code)), error.reason
        case asyncio.CancelledError() | GeneratorExit():
            return "CANCELLED", ""
        case grpc.aio.AbortError():
            return str(context.code().name), ""
    return "INTERNAL", "FAULT"
