"""Usage of tenants by hours, and the part of each session's use that is counted in it."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the tables and columns. Earlier use of a live session is billed in one hour."""
    op.create_table(
        "marks",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_marks")),
    )
    op.create_table(
        "tenant_usage",
        sa.Column("tenant", sa.String(length=80), nullable=False),
        sa.Column("hour", sa.BigInteger(), nullable=False),
        sa.Column("sessions", sa.BigInteger(), nullable=False),
        sa.Column("session_seconds", sa.Float(), nullable=False),
        sa.Column("executions", sa.BigInteger(), nullable=False),
        sa.Column("cpu_seconds", sa.Float(), nullable=False),
        sa.Column("stored_byte_hours", sa.Float(), nullable=False),
        sa.Column("egress_bytes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "hour", name=op.f("pk_tenant_usage")),
    )
    op.create_index(op.f("ix_tenant_usage_hour_tenant"), "tenant_usage", ["hour", "tenant"])
    with op.batch_alter_table("sessions") as sessions:
        sessions.add_column(sa.Column("billed_time", sa.BigInteger()))
        sessions.add_column(
            sa.Column("billed_executions", sa.BigInteger(), nullable=False, server_default="0")
        )
        sessions.add_column(
            sa.Column("billed_cpu_seconds", sa.Float(), nullable=False, server_default="0")
        )
