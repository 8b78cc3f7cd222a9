"""Run steps, of which executions are the tool calls."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the table and the column. Earlier executions belong to no run step."""
    op.create_table(
        "run_steps",
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("tenant", sa.String(length=80), nullable=False),
        sa.Column("session_id", sa.String(length=80), nullable=False),
        sa.Column("thread_id", sa.String(length=256), nullable=False),
        sa.Column("run_id", sa.String(length=80), nullable=False),
        sa.Column("assistant_id", sa.String(length=80), nullable=False),
        sa.Column("create_time", sa.BigInteger(), nullable=False),
        sa.Column("more_calls", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["sessions.id"],
            name=op.f("fk_run_steps_session_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run_steps")),
    )
    for column in ("session_id", "thread_id", "run_id"):
        op.create_index(
            op.f(f"ix_run_steps_{column}_create_time_id"),
            "run_steps",
            [column, "create_time", "id"],
        )
    op.create_index(
        op.f("ix_run_steps_tenant_create_time_id"), "run_steps", ["tenant", "create_time", "id"]
    )
    with op.batch_alter_table("executions") as executions:
        executions.add_column(
            sa.Column("step_id", sa.String(length=80), nullable=False, server_default="")
        )
    op.create_index(op.f("ix_executions_step_id"), "executions", ["step_id"])
