"""Caller of the current call, known from its admission to its end."""

from contextvars import ContextVar
from dataclasses import dataclass

from cellblock_server.store.records import Role
from cellblock_server.tenants.tenants import DEFAULT_TENANT


@dataclass(frozen=True)
class Caller:
    """Identity of the client that makes a call."""

    tenant: str
    """Tenant whose data the caller may access."""
    role: Role
    key_id: str
    """Id of the caller's key; empty if the call was made without a key."""


LOCAL = Caller(DEFAULT_TENANT, Role.ADMIN, "")
"""Caller without a key, where none is required: every client of the listener is an admin."""

CALLER: ContextVar[Caller] = ContextVar("caller")
"""Caller of the current call; set only by `AuthStage`."""


def tenant() -> str:
    """Return the tenant whose data the current call may access.

    Call it before the first `await` of a handler: another task may clean up after the call. Raises
    LookupError outside a call.
    """
    return CALLER.get().tenant
