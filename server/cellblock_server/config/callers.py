"""Who may call, how much, and what is told of it."""

from datetime import timedelta

from pydantic import Field

from cellblock_server.config.values import (
    DAY,
    Duration,
    Section,
    internal,
)


class Auth(Section):
    """Who may call."""

    required: bool = Field(
        False,
        description="Whether every call needs a key. Without, whoever reaches the listener may do "
        "everything, as the tenant `default`; a key that is sent counts all the same.",
    )


class Quotas(Section):
    """What one tenant may use, unless something else is set for it. `files.quota_bytes`, too."""

    max_sessions: int = Field(10_000, ge=0, description="Sessions of a tenant at once.")
    max_executions: int = Field(
        1000, ge=0, description="Executions of a tenant at once, waiting ones included."
    )
    cpu_seconds: float = Field(
        10_000_000,
        ge=0,
        description="CPU time of a tenant's sessions in each period. Past it nothing new is begun; "
        "what runs goes on to its time limit.",
    )
    cpu_period: Duration = Field(
        DAY,
        ge=timedelta(minutes=1),
        le=366 * DAY,
        description="How long a period is. They are counted from 1970 on: one of a day begins at "
        "midnight, UTC.",
    )
    calls_per_second: int = Field(
        1000, ge=0, description="Calls of a tenant in a second, on the average and at once."
    )
    max_calls: int = internal(
        4000,
        "Open calls of a tenant, each stream being one. Each takes some 30 KiB of the server's "
        "memory.",
        ge=1,
    )
    max_uploads: int = internal(
        32,
        "Uploads and writes into sessions of a tenant that receive bytes at the same time. Each "
        "takes some 2 MiB of the server's memory. Four times as many wait, with 1 MiB each, and "
        "more are refused (`UPLOAD_LIMIT`). As many broken uploads are kept, the latest ones.",
        ge=1,
    )


class Audit(Section):
    """The log of who did what; see docs/authentication.md."""

    retention: Duration = Field(
        timedelta(days=90),
        ge=timedelta(seconds=1),
        le=3650 * DAY,
        description="An entry is forgotten after so long.",
    )
    max_entries: int = internal(
        100_000,
        "Entries of one tenant in the audit log. If there are more, the oldest are deleted.",
        ge=100,
    )


class Usage(Section):
    """What tenants have used, for those who bill them; see docs/authentication.md."""

    retention: Duration = Field(
        400 * DAY,
        ge=DAY,
        le=3650 * DAY,
        description="How long it is kept, by hours; sessions may be forgotten meanwhile.",
    )
