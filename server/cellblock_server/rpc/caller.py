"""Who calls: known from the moment that a call is let in to its end."""

from contextvars import ContextVar
from dataclasses import dataclass

from cellblock_server.store.records import Role
from cellblock_server.tenants.tenants import DEFAULT_TENANT


@dataclass(frozen=True)
class Caller:
    """Who makes a call."""

    tenant: str
    """Whose things it may see."""
    role: Role
    key_id: str
    """Empty if it was made without a key."""


LOCAL = Caller(DEFAULT_TENANT, Role.ADMIN, "")
"""Who calls without a key where none is needed: whoever reaches the listener may do everything."""

CALLER: ContextVar[Caller] = ContextVar("caller")
"""Set by `AuthStage`, and by nobody else."""


def tenant() -> str:
    """Whose things the current call may see.

    To be asked before the first `await` of a handler: what is cleaned up after a call may be
    cleaned up by somebody else's task. Raises LookupError in no call.
    """
    return CALLER.get().tenant
