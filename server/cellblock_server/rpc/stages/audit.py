"""Stage that stores an entry in the audit log for each call."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import grpc
from google.rpc import code_pb2

from cellblock_server.common.clock import Clock
from cellblock_server.common.errors import CellblockError
from cellblock_server.rpc.caller import CALLER
from cellblock_server.rpc.permissions import NEEDED, UNKNOWN
from cellblock_server.rpc.pipeline import Call, Context, Method, Stage
from cellblock_server.rpc.stages.auth import claimed_key
from cellblock_server.rpc.status import status_of
from cellblock_server.rpc.subjects import subjects_of
from cellblock_server.store.records import AuditRecord
from cellblock_server.tenants.audit import AuditLog

MAX_PEER = 100


class AuditStage(Stage):
    """Stores an entry for each call: of a stream when it begins to respond.

    A stream that fails later has another entry with its failure. Raises UnavailableError instead of
    serving a call that could not be recorded.
    """

    def __init__(self, audit: AuditLog, now: Clock, peer_of: Callable[[Context], str]) -> None:
        """Store entries in `audit`; belongs around `AuthStage`."""
        self._audit = audit
        self._now = now
        self._peer_of = peer_of

    def applies_to(self, method: Method) -> bool:
        """Skip health probes: they come every few seconds, with no information."""
        return not method.is_open

    @asynccontextmanager
    async def during(self, call: Call) -> AsyncIterator[None]:
        """Store what the call does, or how it fails."""
        method = call.method.name if call.method.name in NEEDED else UNKNOWN
        entry = _Entry(self._audit, self._now, method, call.context, self._peer_of(call.context))
        call.look_at_request(entry.name_subjects)
        call.look_at_responses(entry.answered)
        try:
            yield
        except BaseException as error:
            entry.failed(error)
            raise
        entry.answered(None)


class _Entry:
    """The entry of one call."""

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
        self._is_stored = False

    def name_subjects(self, request: object) -> None:
        """Record the ids that the request names."""
        self._subjects |= subjects_of(request)

    def answered(self, response: object) -> None:
        """Store, once, that the call succeeds."""
        if not self._is_stored:
            self._subjects = subjects_of(response) | self._subjects
            self._store("OK", "")

    def failed(self, error: BaseException) -> None:
        """Store how the call ended. A caller that disconnects from a stream is no failure."""
        left = isinstance(error, asyncio.CancelledError | GeneratorExit)
        if not (left and self._is_stored):
            self._store(*_outcome(error, self._context))

    def _store(self, outcome: str, reason: str) -> None:
        self._is_stored = True
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


def _outcome(error: BaseException, context: Context) -> tuple[str, str]:
    """Return the status and reason that the caller gets for an error."""
    match error:
        case CellblockError():
            return str(code_pb2.Code.Name(status_of(error).code)), error.reason
        case asyncio.CancelledError() | GeneratorExit():
            return "CANCELLED", ""
        case grpc.aio.AbortError():
            return str(context.code().name), ""
    return "INTERNAL", "FAULT"
