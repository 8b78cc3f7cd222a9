"""Around every call: who makes it, and whether they may."""

from collections.abc import AsyncGenerator
from contextlib import ExitStack, aclosing

import grpc
import structlog

from cellblock_server.auth.keys import Credential, KeyService
from cellblock_server.auth.live_calls import LiveCall, LiveCalls
from cellblock_server.errors import PermissionDeniedError, UnauthenticatedError
from cellblock_server.rpc.caller import CALLER, LOCAL, Caller
from cellblock_server.rpc.handlers import (
    Context,
    Continuation,
    Handler,
    Single,
    Streaming,
    wrapped,
)
from cellblock_server.rpc.permissions import NEEDED, OPEN

HEADER = "authorization"
SCHEME = "bearer "


class AuthInterceptor(grpc.aio.ServerInterceptor):
    """Lets in whoever has a key whose role is enough, for as long as the key counts.

    Raises UnauthenticatedError or PermissionDeniedError around the handler.
    """

    def __init__(self, keys: KeyService, live_calls: LiveCalls, *, required: bool) -> None:
        """Ask `keys`; unless `required`, callers without a key may do everything."""
        self._keys = keys
        self._live_calls = live_calls
        self._required = required

    async def intercept_service(
        self, continuation: Continuation, details: grpc.HandlerCallDetails
    ) -> Handler:
        """Wrap the handler that would take the call."""
        handler = await continuation(details)
        if handler is None or details.method in OPEN:
            return handler
        method = details.method

        def single(inner: Single) -> Single:
            async def call(request: object, context: Context) -> object:
                with ExitStack() as stack:
                    live = await self._admit(method, context, stack)
                    if live is None:
                        return await inner(request, context)
                    with live.working():
                        return await inner(request, context)

            return call

        def streaming(inner: Streaming) -> Streaming:
            async def call(request: object, context: Context) -> AsyncGenerator[object, None]:
                with ExitStack() as stack:
                    live = await self._admit(method, context, stack)
                    async with aclosing(_each(inner(request, context), live)) as responses:
                        async for response in responses:
                            yield response

            return call

        return wrapped(handler, single, streaming)

    async def _admit(self, method: str, context: Context, stack: ExitStack) -> LiveCall | None:
        """Find out who calls. None if the call depends on no key; `stack` holds it if it does."""
        text = _key_text(context)
        if text is None:
            if self._required:
                raise UnauthenticatedError(
                    "KEY_MISSING", "this server needs a key: metadata `authorization: Bearer cb_…`"
                )
            CALLER.set(LOCAL)
            return None
        credential = await self._keys.authenticate(text)
        self._check_role(method, credential)
        key = credential.key
        CALLER.set(Caller(key.tenant, key.role, key.id))
        structlog.contextvars.bind_contextvars(tenant=key.tenant, key_id=key.id)
        return stack.enter_context(self._live_calls.during(credential))

    def _check_role(self, method: str, credential: Credential) -> None:
        needed, key = NEEDED[method], credential.key
        if key.role < needed:
            raise PermissionDeniedError(
                "ROLE_NOT_ALLOWED",
                f"{method.rpartition('/')[2]} needs the role {needed.name}; key {key.id!r} has "
                f"{key.role.name}",
            )


def _key_text(context: Context) -> str | None:
    """What was sent as a key; None if nothing was. Raises UnauthenticatedError if it is none."""
    values = [value for name, value in context.invocation_metadata() or () if name == HEADER]
    if not values:
        return None
    (value, *others) = values
    if others or not isinstance(value, str) or not value.lower().startswith(SCHEME):
        raise UnauthenticatedError(
            "KEY_MALFORMED", "metadata `authorization` must be there once, as `Bearer cb_…`"
        )
    return value[len(SCHEME) :].strip()


async def _each(
    responses: AsyncGenerator[object, None], live: LiveCall | None
) -> AsyncGenerator[object, None]:
    """The responses of a call, for as long as it may go on."""
    async with aclosing(responses) as open_responses:
        while True:
            try:
                if live is None:
                    response = await anext(open_responses)
                else:
                    with live.working():
                        response = await anext(open_responses)
            except StopAsyncIteration:
                return
            yield response
