"""Environment of an execution; a session's memory loss and background output."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the columns."""
    with op.batch_alter_table("executions") as executions:
        executions.add_column(
            sa.Column("environment", sa.JSON(), nullable=False, server_default="{}")
        )
        executions.add_column(
            sa.Column("environment_hash", sa.String(length=64), nullable=False, server_default="")
        )
    with op.batch_alter_table("sessions") as sessions:
        sessions.add_column(sa.Column("memory_loss_time", sa.BigInteger(), nullable=True))
        for name, kind in (
            ("memory_loss_message", sa.Text()),
            ("memory_loss_execution_id", sa.String(length=80)),
            ("background_output", sa.Text()),
        ):
            sessions.add_column(sa.Column(name, kind, nullable=False, server_default=""))
