"""Stage that identifies the caller, and checks its role."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from cellblock_server.common.errors import PermissionDeniedError, UnauthenticatedError
from cellblock_server.rpc.caller import CALLER, LOCAL, Caller
from cellblock_server.rpc.connections.strangers import Strangers
from cellblock_server.rpc.permissions import NEEDED
from cellblock_server.rpc.pipeline import Call, Context, Pause, Stage
from cellblock_server.tenants.key_text import read_text
from cellblock_server.tenants.keys import Credential, KeyService
from cellblock_server.tenants.live_calls import LiveCalls

HEADER = "authorization"
SCHEME = "bearer "


class AuthStage(Stage):
    """Admits calls with a valid key of sufficient role; ends streams when the key becomes invalid.

    A unary call that was admitted always completes: an admin who rotates the key of this very call
    must get the new secret. Raises UnauthenticatedError or PermissionDeniedError.
    """

    def __init__(
        self, keys: KeyService, live_calls: LiveCalls, strangers: Strangers, *, required: bool
    ) -> None:
        """Check keys in `keys`; `strangers` slows down connections that have shown none.

        Unless `required`, callers without a key may do everything.
        """
        self._keys = keys
        self._live_calls = live_calls
        self._strangers = strangers
        self._required = required

    @asynccontextmanager
    async def during(self, call: Call) -> AsyncIterator[None]:
        """Admit the call; end its streams when its key does."""
        if call.method.is_open:
            await self._strangers.await_turn(call.context)
            with self._strangers.open_call(call.context):
                yield
            return
        credential = await self._admit(call.method.name, call.context)
        if credential is None or not call.method.streams:
            yield
            return
        with self._live_calls.during(credential) as live:
            call.while_sending(Pause(live))
            with live.working():
                yield

    async def _admit(self, method: str, context: Context) -> Credential | None:
        """Identify the caller and check its role. None if the call needs no key and has none."""
        await self._strangers.await_turn(context)
        try:
            caller, credential = await self._identify(context)
        except UnauthenticatedError:
            self._strangers.count_refusal(context)
            raise
        CALLER.set(caller)
        self._strangers.admit_caller(context, caller.tenant)
        if credential is not None:
            structlog.contextvars.bind_contextvars(tenant=caller.tenant, key_id=caller.key_id)
            self._check_role(method, credential)
        return credential

    async def _identify(self, context: Context) -> tuple[Caller, Credential | None]:
        """Return the caller and its key. Raises UnauthenticatedError."""
        text = _key_text(context)
        if text is not None:
            credential = await self._keys.authenticate(text)
            key = credential.key
            return Caller(key.tenant, key.role, key.id), credential
        if self._required:
            raise UnauthenticatedError(
                "KEY_MISSING",
                "this server requires an API key: metadata `authorization: Bearer cb_…`",
            )
        return LOCAL, None

    def _check_role(self, method: str, credential: Credential) -> None:
        needed, key = NEEDED.get(method), credential.key
        if needed is not None and key.role < needed:
            raise PermissionDeniedError(
                "ROLE_NOT_ALLOWED",
                f"{method.rpartition('/')[2]} needs the role {needed.name}; this API key has "
                f"{key.role.name}",
                f"key {key.id!r}",
            )


def claimed_key(context: Context) -> str:
    """Return the id of the key that a caller claims to have; empty if it claims none."""
    try:
        text = _key_text(context)
        return "" if text is None else read_text(text).key_id
    except UnauthenticatedError:
        return ""


def _key_text(context: Context) -> str | None:
    """Return the text sent as a key, or None. Raises UnauthenticatedError if malformed."""
    values = [value for name, value in context.invocation_metadata() or () if name == HEADER]
    if not values:
        return None
    (value, *others) = values
    if others or not isinstance(value, str) or not value.lower().startswith(SCHEME):
        raise UnauthenticatedError(
            "KEY_MALFORMED", "metadata `authorization` must be there once, as `Bearer cb_…`"
        )
    return value[len(SCHEME) :].strip()
