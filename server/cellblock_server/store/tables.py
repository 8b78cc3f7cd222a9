"""Definitions of the tables for SQLAlchemy. `migrations/` creates them."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class UtcTime(TypeDecorator[datetime]):
    """Point in time, as microseconds since 1970: exact, and sortable in any database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Convert a time for the database."""
        return None if value is None else (value - EPOCH) // timedelta(microseconds=1)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """Convert a time from the database."""
        return None if value is None else EPOCH + timedelta(microseconds=value)


class Seconds(TypeDecorator[timedelta]):
    """Time span, in seconds."""

    impl = Float
    cache_ok = True

    def process_bind_param(self, value: timedelta | None, dialect: Dialect) -> float | None:
        """Convert a time span for the database."""
        return None if value is None else value.total_seconds()

    def process_result_value(self, value: float | None, dialect: Dialect) -> timedelta | None:
        """Convert a time span from the database."""
        return None if value is None else timedelta(seconds=value)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

sessions = Table(
    "sessions",
    metadata,
    # A caller may choose the id: it is unique only within the tenant.
    Column("tenant", String(80), primary_key=True),
    Column("id", String(80), primary_key=True),
    Column("state", Integer, nullable=False),
    Column("thread_id", String(256), nullable=False),
    Column("labels", JSON, nullable=False),
    Column("limits", JSON, nullable=False),
    Column("idle_timeout", Seconds, nullable=False),
    Column("lifetime", Seconds, nullable=False),
    Column("create_time", UtcTime, nullable=False),
    Column("last_use_time", UtcTime, nullable=False),
    Column("last_alive_time", UtcTime, nullable=False),
    Column("image", Text, nullable=False),
    Column("runtime", String(80), nullable=False),
    Column("backend", String(20), nullable=False),
    Column("environment_names", JSON, nullable=False),
    Column("sandbox_id", String(80), nullable=False),
    Column("agent_token", String(80), nullable=False),
    Column("request_id", String(128)),
    Column("request_hash", String(64), nullable=False),
    Column("end_reason", Integer, nullable=False),
    Column("end_message", Text, nullable=False),
    Column("end_time", UtcTime),
    Column("kernel_generation", BigInteger, nullable=False),
    Column("execution_count", BigInteger, nullable=False),
    Column("acknowledged_sequence", BigInteger, nullable=False),
    Column("memory_loss_time", UtcTime),
    Column("memory_loss_message", Text, nullable=False, server_default=""),
    Column("memory_loss_execution_id", String(80), nullable=False, server_default=""),
    Column("background_output", Text, nullable=False, server_default=""),
    Column("background_changes", JSON, nullable=False, server_default="[]"),
    Column("last_execution_id", String(80), nullable=False, server_default=""),
    # CPU time already counted for the tenant.
    Column("cpu_seconds", Float, nullable=False, server_default="0"),
    # Part of the use that is in `tenant_usage`, and until when; unset if none.
    Column("billed_time", UtcTime),
    Column("billed_executions", BigInteger, nullable=False, server_default="0"),
    Column("billed_cpu_seconds", Float, nullable=False, server_default="0"),
    UniqueConstraint("tenant", "request_id"),
    Index(None, "tenant", "create_time", "id"),
    Index(None, "state"),
    Index(None, "end_time"),
)

executions = Table(
    "executions",
    metadata,
    Column("tenant", String(80), primary_key=True),
    Column("id", String(80), primary_key=True),
    Column("session_id", String(80), nullable=False),
    Column("status", Integer, nullable=False),
    Column("code", Text, nullable=False),
    Column("timeout", Seconds, nullable=False),
    Column("create_time", UtcTime, nullable=False),
    Column("ordinal", BigInteger, nullable=False),
    Column("start_time", UtcTime),
    Column("end_time", UtcTime),
    Column("execution_count", BigInteger, nullable=False),
    Column("error", JSON(none_as_null=True)),
    Column("failure_cause", Integer),
    Column("failure_message", Text),
    Column("memory_lost", Boolean),
    Column("last_sequence", BigInteger, nullable=False),
    # Values are kept until the execution has ended.
    Column("environment", JSON, nullable=False, server_default="{}"),
    Column("environment_hash", String(64), nullable=False, server_default=""),
    Column("record_bytes", BigInteger, nullable=False, server_default="0"),
    # Empty for executions of earlier releases.
    Column("step_id", String(80), nullable=False, server_default=""),
    Column("cancel_requested", Boolean, nullable=False, server_default=false()),
    ForeignKeyConstraint(
        ["tenant", "session_id"], ["sessions.tenant", "sessions.id"], ondelete="CASCADE"
    ),
    UniqueConstraint("tenant", "session_id", "ordinal"),
    # Covers all columns that the sum of a tenant's records needs.
    Index(None, "tenant", "record_bytes"),
    Index(None, "status"),
    Index(None, "step_id"),
)

run_steps = Table(
    "run_steps",
    metadata,
    Column("tenant", String(80), primary_key=True),
    Column("id", String(80), primary_key=True),
    Column("session_id", String(80), nullable=False),
    Column("thread_id", String(256), nullable=False),
    Column("run_id", String(80), nullable=False),
    Column("assistant_id", String(80), nullable=False),
    Column("create_time", UtcTime, nullable=False),
    Column("more_calls", Boolean, nullable=False),
    ForeignKeyConstraint(
        ["tenant", "session_id"], ["sessions.tenant", "sessions.id"], ondelete="CASCADE"
    ),
    Index(None, "tenant", "create_time", "id"),
    Index(None, "session_id", "create_time", "id"),
    Index(None, "thread_id", "create_time", "id"),
    Index(None, "run_id", "create_time", "id"),
)

events = Table(
    "events",
    metadata,
    Column("tenant", String(80), primary_key=True),
    Column("execution_id", String(80), primary_key=True),
    Column("sequence", BigInteger, primary_key=True),
    # A serialized cellblock.v1.ExecutionEvent: what a watcher is sent.
    Column("payload", LargeBinary, nullable=False),
    ForeignKeyConstraint(
        ["tenant", "execution_id"], ["executions.tenant", "executions.id"], ondelete="CASCADE"
    ),
    sqlite_with_rowid=False,
)

files = Table(
    "files",
    metadata,
    Column("id", String(80), primary_key=True),
    Column("tenant", String(80), nullable=False),
    Column("filename", Text, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("mime_type", String(255), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("purpose", Integer, nullable=False),
    Column("create_time", UtcTime, nullable=False),
    # Not foreign keys: a generated file may outlive its session's record.
    Column("session_id", String(80), nullable=False),
    Column("execution_id", String(80), nullable=False),
    Column("path", Text, nullable=False),
    Column("expire_time", UtcTime),
    Index(None, "tenant", "create_time", "id"),
    # Covers all columns that the sum of a tenant's bytes needs.
    Index(None, "tenant", "bytes"),
    Index(None, "session_id"),
    Index(None, "execution_id"),
    Index(None, "sha256"),
    Index(None, "expire_time"),
)

uploads = Table(
    "uploads",
    metadata,
    Column("tenant", String(80), primary_key=True),
    Column("id", String(80), primary_key=True),
    Column("filename", Text, nullable=False),
    Column("bytes", BigInteger),
    Column("sha256", String(64), nullable=False),
    Column("purpose", Integer, nullable=False),
    Column("expires_after", Seconds),
    Column("received_bytes", BigInteger, nullable=False),
    Column("file_id", String(80), nullable=False),
    Column("expire_time", UtcTime, nullable=False),
    Index(None, "expire_time"),
    Index(None, "file_id"),
)

attachments = Table(
    "attachments",
    metadata,
    Column("tenant", String(80), primary_key=True),
    Column("session_id", String(80), primary_key=True),
    Column("file_id", String(80), primary_key=True),
    Column("filename", Text, nullable=False),
    Column("unpacked", Boolean, nullable=False, server_default=false()),
    ForeignKeyConstraint(
        ["tenant", "session_id"], ["sessions.tenant", "sessions.id"], ondelete="CASCADE"
    ),
    UniqueConstraint("tenant", "session_id", "filename"),
)

tenants = Table(
    "tenants",
    metadata,
    Column("id", String(80), primary_key=True),
    Column("create_time", UtcTime, nullable=False),
    # Quotas set for the tenant: names and numbers; the configuration has the rest.
    Column("quotas", JSON, nullable=False),
)

cpu_usage = Table(
    "cpu_usage",
    metadata,
    Column("tenant", String(80), primary_key=True),
    Column("period", UtcTime, primary_key=True),
    Column("cpu_seconds", Float, nullable=False),
)

marks = Table(
    "marks",
    metadata,
    # Times at which things were last done, such as `alive`.
    Column("name", String(80), primary_key=True),
    Column("time", UtcTime, nullable=False),
)

owner = Table(
    "owner",
    metadata,
    # One row at most, of PostgreSQL only: see `postgresql_writer.py`.
    Column("id", Integer, primary_key=True),
    # Id of the state folder that the sessions and files belong to.
    Column("instance", String(80), nullable=False),
    # Token of the process that uses the database.
    Column("token", String(80), nullable=False),
    # Number of that process's last transaction.
    Column("writes", BigInteger, nullable=False),
)

tenant_usage = Table(
    "tenant_usage",
    metadata,
    # No foreign key: usage is billed even after its tenant is deleted.
    Column("tenant", String(80), primary_key=True),
    # Beginning of the hour in UTC.
    Column("hour", UtcTime, primary_key=True),
    Column("sessions", BigInteger, nullable=False),
    Column("session_seconds", Float, nullable=False),
    Column("executions", BigInteger, nullable=False),
    Column("cpu_seconds", Float, nullable=False),
    Column("stored_byte_hours", Float, nullable=False),
    Column("egress_bytes", BigInteger, nullable=False),
    Index(None, "hour", "tenant"),
)

audit = Table(
    "audit",
    metadata,
    # SQLite numbers only this type automatically.
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("time", UtcTime, nullable=False),
    Column("tenant", String(80), nullable=False),
    Column("key_id", String(80), nullable=False),
    Column("peer", Text, nullable=False),
    Column("rpc", String(80), nullable=False),
    Column("subjects", JSON, nullable=False),
    Column("outcome", String(80), nullable=False),
    Column("reason", String(80), nullable=False),
    Index(None, "tenant", "id"),
    Index(None, "time"),
    # Numbers are never reused: a page continues where the last one ended.
    sqlite_autoincrement=True,
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String(80), primary_key=True),
    Column("tenant", ForeignKey("tenants.id"), nullable=False),
    Column("role", Integer, nullable=False),
    Column("description", Text, nullable=False),
    # HMACs: keys can't be derived from them.
    Column("hash", String(64), nullable=False),
    # Hash of the secret before the last rotation; empty if there was none.
    Column("previous_hash", String(64), nullable=False),
    Column("previous_expire_time", UtcTime),
    Column("create_time", UtcTime, nullable=False),
    Column("expire_time", UtcTime),
    Column("rotate_time", UtcTime),
    Column("revoke_time", UtcTime),
    Column("last_use_time", UtcTime),
    Index(None, "tenant", "create_time", "id"),
)
