"""Tenants and keys as plain, immutable values. Times are UTC."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from cellblock.v1 import admin_pb2 as pb
from cellblock_client.types import optional_time, time_of


class Role(Enum):
    """What the bearer of a key may do; each may do what those before it may."""

    READ_ONLY = pb.ROLE_READ_ONLY
    """Look."""
    EXECUTOR = pb.ROLE_EXECUTOR
    """Run code."""
    ADMIN = pb.ROLE_ADMIN
    """Look after all tenants and their keys."""


@dataclass(frozen=True)
class Tenant:
    """The owner of sessions, executions and files."""

    id: str
    create_time: datetime


@dataclass(frozen=True)
class Key:
    """A key, without its secret."""

    id: str
    tenant_id: str
    role: Role
    description: str
    create_time: datetime
    expire_time: datetime | None
    rotate_time: datetime | None
    """When it was given its present secret, if not when it was made."""
    previous_expire_time: datetime | None
    """Until when the secret before that counts."""
    revoke_time: datetime | None
    last_use_time: datetime | None
    """To the minute; None if it never was used."""


@dataclass(frozen=True)
class NewKey:
    """A key with its secret, which is told this once."""

    key: Key
    secret: str = field(repr=False)


def tenant(message: pb.Tenant) -> Tenant:
    """From the wire."""
    return Tenant(message.id, time_of(message.create_time))


def key(message: pb.Key) -> Key:
    """From the wire."""
    return Key(
        id=message.id,
        tenant_id=message.tenant_id,
        role=Role(message.role),
        description=message.description,
        create_time=time_of(message.create_time),
        expire_time=optional_time(message, "expire_time"),
        rotate_time=optional_time(message, "rotate_time"),
        previous_expire_time=optional_time(message, "previous_expire_time"),
        revoke_time=optional_time(message, "revoke_time"),
        last_use_time=optional_time(message, "last_use_time"),
    )
