"""Tenants and their keys. Ids that callers choose become unique per tenant.

A primary key can't be changed in SQLite: the tables are recreated, filled, and renamed. Referring
tables are recreated after the tables they refer to and dropped before them, so that no deletion
cascades.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

SESSIONS = (
    "state, thread_id, labels, limits, idle_timeout, lifetime, create_time, last_use_time, "
    "last_alive_time, image, runtime, backend, environment_names, sandbox_id, agent_token, "
    "request_id, request_hash, end_reason, end_message, end_time, kernel_generation, "
    "execution_count, acknowledged_sequence, memory_loss_time, memory_loss_message, "
    "memory_loss_execution_id, background_output, background_changes, last_execution_id"
)
EXECUTIONS = (
    "session_id, status, code, timeout, create_time, ordinal, start_time, end_time, "
    "execution_count, error, failure_cause, failure_message, memory_lost, last_sequence, "
    "environment, environment_hash, record_bytes, step_id"
)
RUN_STEPS = "session_id, thread_id, run_id, assistant_id, create_time, more_calls"
CHANGED = ("events", "attachments", "run_steps", "executions", "sessions")
"""Tables to recreate, referring ones first."""


def upgrade() -> None:
    """Recreate the tables, or create them for the first time."""
    if op.get_bind().dialect.name != "sqlite":
        # No release before this one knew another database: there is nothing to keep. Names of
        # constraints are a schema's there, not a table's.
        for name in CHANGED:
            op.drop_table(name)
    _sessions()
    _executions()
    _run_steps()
    _events()
    _attachments()
    if op.get_bind().dialect.name == "sqlite":
        for name in CHANGED:
            op.drop_table(name)
    for name in CHANGED:
        op.rename_table(f"new_{name}", name)
    _indexes()
    _tenants()


def _sessions() -> None:
    op.create_table(
        "new_sessions",
        sa.Column("tenant", sa.String(length=80), nullable=False),
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("state", sa.Integer(), nullable=False),
        sa.Column("thread_id", sa.String(length=256), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("limits", sa.JSON(), nullable=False),
        sa.Column("idle_timeout", sa.Float(), nullable=False),
        sa.Column("lifetime", sa.Float(), nullable=False),
        sa.Column("create_time", sa.BigInteger(), nullable=False),
        sa.Column("last_use_time", sa.BigInteger(), nullable=False),
        sa.Column("last_alive_time", sa.BigInteger(), nullable=False),
        sa.Column("image", sa.Text(), nullable=False),
        sa.Column("runtime", sa.String(length=80), nullable=False),
        sa.Column("backend", sa.String(length=20), nullable=False),
        sa.Column("environment_names", sa.JSON(), nullable=False),
        sa.Column("sandbox_id", sa.String(length=80), nullable=False),
        sa.Column("agent_token", sa.String(length=80), nullable=False),
        sa.Column("request_id", sa.String(length=128), nullable=True),
        sa.Column("request_hash", sa.String(length=64), nullable=False),
        sa.Column("end_reason", sa.Integer(), nullable=False),
        sa.Column("end_message", sa.Text(), nullable=False),
        sa.Column("end_time", sa.BigInteger(), nullable=True),
        sa.Column("kernel_generation", sa.BigInteger(), nullable=False),
        sa.Column("execution_count", sa.BigInteger(), nullable=False),
        sa.Column("acknowledged_sequence", sa.BigInteger(), nullable=False),
        sa.Column("memory_loss_time", sa.BigInteger(), nullable=True),
        sa.Column("memory_loss_message", sa.Text(), nullable=False, server_default=""),
        sa.Column(
            "memory_loss_execution_id", sa.String(length=80), nullable=False, server_default=""
        ),
        sa.Column("background_output", sa.Text(), nullable=False, server_default=""),
        sa.Column("background_changes", sa.JSON(), nullable=False, server_default="[]"),
        sa.Column("last_execution_id", sa.String(length=80), nullable=False, server_default=""),
        sa.Column("cpu_seconds", sa.Float(), nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("tenant", "request_id", name=op.f("uq_sessions_tenant_request_id")),
    )
    _copy(
        f"INSERT INTO new_sessions (tenant, id, {SESSIONS}) "  # noqa: S608 - ours
        f"SELECT tenant, id, {SESSIONS} FROM sessions"
    )


def _executions() -> None:
    op.create_table(
        "new_executions",
        sa.Column("tenant", sa.String(length=80), nullable=False),
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("session_id", sa.String(length=80), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("timeout", sa.Float(), nullable=False),
        sa.Column("create_time", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.BigInteger(), nullable=False),
        sa.Column("start_time", sa.BigInteger(), nullable=True),
        sa.Column("end_time", sa.BigInteger(), nullable=True),
        sa.Column("execution_count", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("failure_cause", sa.Integer(), nullable=True),
        sa.Column("failure_message", sa.Text(), nullable=True),
        sa.Column("memory_lost", sa.Boolean(), nullable=True),
        sa.Column("last_sequence", sa.BigInteger(), nullable=False),
        sa.Column("environment", sa.JSON(), nullable=False, server_default="{}"),
        sa.Column("environment_hash", sa.String(length=64), nullable=False, server_default=""),
        sa.Column("record_bytes", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("step_id", sa.String(length=80), nullable=False, server_default=""),
        _in_session("executions"),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_executions")),
        sa.UniqueConstraint(
            "tenant",
            "session_id",
            "ordinal",
            name=op.f("uq_executions_tenant_session_id_ordinal"),
        ),
    )
    _copy(
        f"INSERT INTO new_executions (tenant, id, {EXECUTIONS}) "  # noqa: S608 - ours
        f"SELECT tenant, id, {EXECUTIONS} FROM executions"
    )


def _run_steps() -> None:
    op.create_table(
        "new_run_steps",
        sa.Column("tenant", sa.String(length=80), nullable=False),
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("session_id", sa.String(length=80), nullable=False),
        sa.Column("thread_id", sa.String(length=256), nullable=False),
        sa.Column("run_id", sa.String(length=80), nullable=False),
        sa.Column("assistant_id", sa.String(length=80), nullable=False),
        sa.Column("create_time", sa.BigInteger(), nullable=False),
        sa.Column("more_calls", sa.Boolean(), nullable=False),
        _in_session("run_steps"),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_run_steps")),
    )
    _copy(
        f"INSERT INTO new_run_steps (tenant, id, {RUN_STEPS}) "  # noqa: S608 - ours
        f"SELECT tenant, id, {RUN_STEPS} FROM run_steps"
    )


def _events() -> None:
    op.create_table(
        "new_events",
        sa.Column("tenant", sa.String(length=80), nullable=False),
        sa.Column("execution_id", sa.String(length=80), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant", "execution_id"],
            ["new_executions.tenant", "new_executions.id"],
            name=op.f("fk_events_tenant"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant", "execution_id", "sequence", name=op.f("pk_events")),
        sqlite_with_rowid=False,
    )
    _copy(
        "INSERT INTO new_events (tenant, execution_id, sequence, payload) "
        "SELECT executions.tenant, execution_id, sequence, payload "
        "FROM events JOIN executions ON executions.id = execution_id"
    )


def _attachments() -> None:
    op.create_table(
        "new_attachments",
        sa.Column("tenant", sa.String(length=80), nullable=False),
        sa.Column("session_id", sa.String(length=80), nullable=False),
        sa.Column("file_id", sa.String(length=80), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("unpacked", sa.Boolean(), nullable=False, server_default=sa.false()),
        _in_session("attachments"),
        sa.PrimaryKeyConstraint("tenant", "session_id", "file_id", name=op.f("pk_attachments")),
        sa.UniqueConstraint(
            "tenant",
            "session_id",
            "filename",
            name=op.f("uq_attachments_tenant_session_id_filename"),
        ),
    )
    _copy(
        "INSERT INTO new_attachments (tenant, session_id, file_id, filename, unpacked) "
        "SELECT sessions.tenant, session_id, file_id, filename, unpacked "
        "FROM attachments JOIN sessions ON sessions.id = session_id"
    )


def _copy(statement: str) -> None:
    """Copy the rows of the old tables."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(statement)


def _in_session(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant", "session_id"],
        ["new_sessions.tenant", "new_sessions.id"],
        name=op.f(f"fk_{table}_tenant"),
        ondelete="CASCADE",
    )


def _indexes() -> None:
    for table, *columns in (
        ("sessions", "tenant", "create_time", "id"),
        ("sessions", "state"),
        ("sessions", "end_time"),
        ("executions", "tenant", "record_bytes"),
        ("executions", "status"),
        ("executions", "step_id"),
        ("run_steps", "tenant", "create_time", "id"),
        ("run_steps", "session_id", "create_time", "id"),
        ("run_steps", "thread_id", "create_time", "id"),
        ("run_steps", "run_id", "create_time", "id"),
    ):
        _index(table, columns)


def _tenants() -> None:
    op.create_table(
        "tenants",
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("create_time", sa.BigInteger(), nullable=False),
        sa.Column("quotas", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenants")),
    )
    op.create_table(
        "cpu_usage",
        sa.Column("tenant", sa.String(length=80), nullable=False),
        sa.Column("period", sa.BigInteger(), nullable=False),
        sa.Column("cpu_seconds", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "period", name=op.f("pk_cpu_usage")),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("tenant", sa.String(length=80), nullable=False),
        sa.Column("role", sa.Integer(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("previous_hash", sa.String(length=64), nullable=False),
        sa.Column("previous_expire_time", sa.BigInteger(), nullable=True),
        sa.Column("create_time", sa.BigInteger(), nullable=False),
        sa.Column("expire_time", sa.BigInteger(), nullable=True),
        sa.Column("rotate_time", sa.BigInteger(), nullable=True),
        sa.Column("revoke_time", sa.BigInteger(), nullable=True),
        sa.Column("last_use_time", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["tenant"], ["tenants.id"], name=op.f("fk_api_keys_tenant")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
    )
    _index("api_keys", ["tenant", "create_time", "id"])
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("tenant", sa.String(length=80), nullable=False),
        sa.Column("key_id", sa.String(length=80), nullable=False),
        sa.Column("peer", sa.Text(), nullable=False),
        sa.Column("rpc", sa.String(length=80), nullable=False),
        sa.Column("subjects", sa.JSON(), nullable=False),
        sa.Column("outcome", sa.String(length=80), nullable=False),
        sa.Column("reason", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
        sqlite_autoincrement=True,
    )
    _index("audit", ["tenant", "id"])
    _index("audit", ["time"])


def _index(table: str, columns: Sequence[str]) -> None:
    op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, columns)
