"""Configuration of authentication, quotas, the audit log and usage records."""

from datetime import timedelta

from pydantic import Field

from cellblock_server.config.values import (
    DAY,
    Duration,
    Section,
    internal,
)


class Auth(Section):
    """API keys."""

    required: bool = Field(
        False,
        description="Whether every call needs an API key. If not, every caller that reaches the "
        "listener may do everything, as the tenant `default`. A key that is sent is still checked.",
    )


class Quotas(Section):
    """Quotas of a tenant that has none of its own; `files.quota_bytes` is one as well."""

    max_sessions: int = Field(10_000, ge=0, description="Sessions of a tenant at the same time.")
    max_executions: int = Field(
        1000, ge=0, description="Executions of a tenant at the same time, waiting ones included."
    )
    cpu_seconds: float = Field(
        10_000_000,
        ge=0,
        description="CPU time of a tenant's sessions in each period. When it is used up, nothing "
        "new starts; running code continues to its time limit.",
    )
    cpu_period: Duration = Field(
        DAY,
        ge=timedelta(minutes=1),
        le=366 * DAY,
        description="Length of a period. Periods are counted from 1970: a period of a day begins "
        "at midnight, UTC.",
    )
    calls_per_second: int = Field(
        1000, ge=0, description="Calls of a tenant in a second, as an average and as a burst."
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
    """The [audit log](../operate/access.md#audit-log): who did what."""

    retention: Duration = Field(
        timedelta(days=90),
        ge=timedelta(seconds=1),
        le=3650 * DAY,
        description="Time after which an entry is deleted.",
    )
    max_entries: int = internal(
        100_000,
        "Entries of one tenant in the audit log. If there are more, the oldest are deleted.",
        ge=100,
    )


class Usage(Section):
    """[Usage](../operate/access.md#usage) of tenants, for billing."""

    retention: Duration = Field(
        400 * DAY,
        ge=DAY,
        le=3650 * DAY,
        description="Time after which hourly records are deleted. Sessions may be deleted earlier.",
    )
