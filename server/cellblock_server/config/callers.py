"""Who may call, how much, and what is told of it."""

from datetime import timedelta

from pydantic import Field

from cellblock_server.config.values import (
    DAY,
    Duration,
    Section,
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
    max_calls: int = Field(
        4000,
        ge=1,
        description="Calls of a tenant that are open at once, each stream being one: some 30 KiB "
        "of the server's memory each. Can't be set for one tenant.",
    )
    max_uploads: int = Field(
        32,
        ge=1,
        description="Uploads and writes into sessions of a tenant that receive bytes at once, some "
        "2 MiB of the server's memory each. Four times as many wait for their turn, with 1 MiB "
        "each; more are refused (`UPLOAD_LIMIT`). Of uploads that broke off, so many are kept for "
        "`files.upload_timeout`, the latest ones. Can't be set for one tenant.",
    )


class Audit(Section):
    """The [audit log](../operate/access.md#audit-log): who did what."""

    retention: Duration = Field(
        timedelta(days=90),
        ge=timedelta(seconds=1),
        le=3650 * DAY,
        description="An entry is forgotten after so long.",
    )
    max_entries: int = Field(
        100_000, ge=100, description="Entries of one tenant; past it the oldest are forgotten."
    )


class Usage(Section):
    """[Usage](../operate/access.md#usage) of tenants, for billing."""

    retention: Duration = Field(
        400 * DAY,
        ge=DAY,
        le=3650 * DAY,
        description="How long it is kept, by hours; sessions may be forgotten meanwhile.",
    )
