"""Tenants and keys as plain, immutable values. Times are UTC."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import Enum

from google.protobuf.message import Message

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
class Quotas:
    """What a tenant may use; 0 is nothing, None is not said."""

    max_sessions: int | None = None
    """At once."""
    max_executions: int | None = None
    """At once, waiting ones included."""
    cpu_seconds: float | None = None
    """In a period."""
    stored_bytes: int | None = None
    """Files and records together."""
    calls_per_second: int | None = None


@dataclass(frozen=True)
class Tenant:
    """The owner of sessions, executions and files."""

    id: str
    create_time: datetime
    quotas: Quotas
    """What is set for it; None for what is as the server is configured."""


@dataclass(frozen=True)
class Usage:
    """What a tenant uses now, and what it may."""

    sessions: int
    executions: int
    """Those that wait or run."""
    cpu_seconds: float
    """In the present period."""
    cpu_period_end_time: datetime
    stored_bytes: int
    quotas: Quotas


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


@dataclass(frozen=True)
class AuditEntry:
    """Who did what."""

    time: datetime
    tenant_id: str
    """Empty if nobody knows who called."""
    key_id: str
    peer: str
    rpc: str
    subjects: Mapping[str, str]
    """Ids of what was named, by their fields' names."""
    outcome: str
    """A gRPC status."""
    reason: str


def audit_entry(message: pb.AuditEntry) -> AuditEntry:
    """From the wire."""
    return AuditEntry(
        time=time_of(message.time),
        tenant_id=message.tenant_id,
        key_id=message.key_id,
        peer=message.peer,
        rpc=message.rpc,
        subjects=dict(message.subjects),
        outcome=message.outcome,
        reason=message.reason,
    )


def tenant(message: pb.Tenant) -> Tenant:
    """From the wire."""
    return Tenant(message.id, time_of(message.create_time), quotas(message.quotas))


def quotas(message: Message) -> Quotas:
    """From the wire: `Quotas`."""
    return Quotas(
        **{
            item.name: getattr(message, item.name) if message.HasField(item.name) else None
            for item in fields(Quotas)
        }
    )


def usage(message: pb.Usage) -> Usage:
    """From the wire."""
    return Usage(
        sessions=message.sessions,
        executions=message.executions,
        cpu_seconds=message.cpu_seconds,
        cpu_period_end_time=time_of(message.cpu_period_end_time),
        stored_bytes=message.stored_bytes,
        quotas=quotas(message.quotas),
    )


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
