"""Around every call: what becomes of it when the server stops.

New calls are refused at once. Streams that their callers can resume end at once, for while one of
them is open the next server can't start. All others have `server.drain_timeout`, and end with the
same status then.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager
from contextvars import ContextVar
from datetime import timedelta

import grpc

from cellblock_server.common.errors import UnavailableError
from cellblock_server.common.interruptible import Interruptible
from cellblock_server.rpc.handlers import (
    Context,
    Continuation,
    Handler,
    Single,
    Streaming,
    wrapped,
)

STANDARD_PREFIX = "/grpc."
"""Health checks and reflection: their streams can be opened again, their calls are short."""
RETRY_AFTER = timedelta(milliseconds=200)


class _OpenCall(Interruptible[UnavailableError]):
    """A call that a handler works on."""

    is_resumable = False
    """Whether the caller can go on where this call ends."""

    def __init__(self, task: "asyncio.Task[object]", draining: "DrainInterceptor") -> None:
        super().__init__(task)
        self.draining = draining


_CALL: ContextVar[_OpenCall | None] = ContextVar("open_call", default=None)


def end_when_draining() -> None:
    """Let the current call end as soon as the server stops: its caller can resume it.

    Raises UnavailableError if the server stops already.
    """
    call = _CALL.get()
    if call is not None:
        call.is_resumable = True
        if call.draining.begun:
            raise _interrupted()


def is_ended_by_draining() -> bool:
    """Whether the server's stop, and not its caller, ends the current call."""
    call = _CALL.get()
    return call is not None and call.fault is not None


class DrainInterceptor(grpc.aio.ServerInterceptor):
    """Refuses calls once the server stops, and ends those in flight.

    To be put inside of `CallInterceptor`, and around all others: a refusal costs nothing.
    """

    def __init__(self) -> None:
        """Let all calls pass until `begin`."""
        self.begun = False
        """Whether the server stops."""
        self._calls: set[_OpenCall] = set()

    def begin(self) -> None:
        """Refuse new calls, and end those that can be resumed."""
        self.begun = True
        for call in list(self._calls):
            if call.is_resumable:
                call.end(_interrupted())

    def end_all(self) -> None:
        """End all calls that are still in flight."""
        for call in list(self._calls):
            call.end(
                UnavailableError(
                    "SERVER_STOPPED",
                    "the server stopped before this call had ended, which may have been done; "
                    "to repeat it is safe if you chose the id of what it makes",
                    RETRY_AFTER,
                )
            )

    async def intercept_service(
        self, continuation: Continuation, details: grpc.HandlerCallDetails
    ) -> Handler:
        """Wrap the handler that would take the call."""
        handler = await continuation(details)
        if handler is None:
            return handler
        is_standard = details.method.startswith(STANDARD_PREFIX)

        def single(inner: Single) -> Single:
            async def call(request: object, context: Context) -> object:
                # Whoever asks for the server's health wants to know that it stops.
                with self._open(refuse=not is_standard) as opened, opened.working():
                    return await inner(request, context)

            return call

        def streaming(inner: Streaming) -> Streaming:
            async def call(request: object, context: Context) -> AsyncGenerator[object, None]:
                with self._open(refuse=True) as opened:
                    opened.is_resumable = is_standard
                    async with aclosing(inner(request, context)) as responses:
                        while True:
                            try:
                                with opened.working():
                                    response = await anext(responses)
                            except StopAsyncIteration:
                                return
                            yield response

            return call

        return wrapped(handler, single, streaming)

    @contextmanager
    def _open(self, *, refuse: bool) -> Iterator[_OpenCall]:
        if self.begun and refuse:
            raise _stopping("the server is stopping, and has not begun this call; call again")
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("not in a task")
        call = _OpenCall(task, self)
        self._calls.add(call)
        _CALL.set(call)
        try:
            yield call
        finally:
            self._calls.discard(call)


def _stopping(message: str) -> UnavailableError:
    return UnavailableError("SERVER_STOPPING", message, RETRY_AFTER)


def _interrupted() -> UnavailableError:
    return _stopping("the server is stopping; resume this call where it ended")
