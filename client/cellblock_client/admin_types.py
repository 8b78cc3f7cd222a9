"""Tenants, API keys and the audit log as plain, immutable values. Times are UTC."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import Enum

from google.protobuf.message import Message

from cellblock.v1 import admin_pb2 as pb
from cellblock_client.types import optional_time, time_of


class Role(Enum):
    """Role of an API key; each role includes the permissions of those before it."""

    READ_ONLY = pb.ROLE_READ_ONLY
    """May read only."""
    EXECUTOR = pb.ROLE_EXECUTOR
    """May also run code and change sessions and files."""
    ADMIN = pb.ROLE_ADMIN
    """May also manage all tenants and their keys."""


@dataclass(frozen=True)
class Quotas:
    """Quotas of a tenant: 0 permits nothing; None leaves the server's default."""

    max_sessions: int | None = None
    """Sessions at the same time."""
    max_executions: int | None = None
    """Executions at the same time, waiting ones included."""
    cpu_seconds: float | None = None
    """CPU seconds in one quota period."""
    stored_bytes: int | None = None
    """Bytes of stored files and records together."""
    calls_per_second: int | None = None


@dataclass(frozen=True)
class Tenant:
    """Tenant: the owner of sessions, executions and files."""

    id: str
    create_time: datetime
    quotas: Quotas
    """Quotas set for this tenant; None for those of the server's configuration."""


@dataclass(frozen=True)
class Usage:
    """Current usage of a tenant, and its quotas."""

    sessions: int
    executions: int
    """Executions that wait or run."""
    cpu_seconds: float
    """CPU seconds used in the current quota period."""
    cpu_period_end_time: datetime
    stored_bytes: int
    quotas: Quotas


@dataclass(frozen=True)
class Key:
    """API key, without its secret."""

    id: str
    tenant_id: str
    role: Role
    description: str
    create_time: datetime
    expire_time: datetime | None
    rotate_time: datetime | None
    """Time when the current secret was issued, if the key was rotated."""
    previous_expire_time: datetime | None
    """Time until which the previous secret is valid."""
    revoke_time: datetime | None
    last_use_time: datetime | None
    """Time of the last use, to the minute; None if the key was never used."""


@dataclass(frozen=True)
class NewKey:
    """New API key with its secret, which the server returns only once."""

    key: Key
    secret: str = field(repr=False)


@dataclass(frozen=True)
class AuditEntry:
    """Entry of the audit log: one call by one caller."""

    time: datetime
    tenant_id: str
    """Tenant of the caller; empty if the caller is unknown."""
    key_id: str
    peer: str
    rpc: str
    subjects: Mapping[str, str]
    """Ids that the request named, by field name."""
    outcome: str
    """gRPC status of the call."""
    reason: str


def audit_entry(message: pb.AuditEntry) -> AuditEntry:
    """Convert an audit entry from its proto message."""
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
    """Convert a tenant from its proto message."""
    return Tenant(message.id, time_of(message.create_time), quotas(message.quotas))


def quotas(message: Message) -> Quotas:
    """Convert `Quotas` from their proto message."""
    return Quotas(
        **{
            item.name: getattr(message, item.name) if message.HasField(item.name) else None
            for item in fields(Quotas)
        }
    )


def usage(message: pb.Usage) -> Usage:
    """Convert `Usage` from its proto message."""
    return Usage(
        sessions=message.sessions,
        executions=message.executions,
        cpu_seconds=message.cpu_seconds,
        cpu_period_end_time=time_of(message.cpu_period_end_time),
        stored_bytes=message.stored_bytes,
        quotas=quotas(message.quotas),
    )


def key(message: pb.Key) -> Key:
    """Convert a key from its proto message."""
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
