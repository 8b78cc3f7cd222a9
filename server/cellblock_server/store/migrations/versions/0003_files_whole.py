"""Expiry of files, resumable uploads, unpacked attachments, sizes for quotas.

Adds changes in the background, too.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the table, the columns and the indexes."""
    with op.batch_alter_table("files") as files:
        files.add_column(sa.Column("expire_time", sa.BigInteger(), nullable=True))
    op.create_index(op.f("ix_files_expire_time"), "files", ["expire_time"])
    op.create_index(op.f("ix_files_execution_id"), "files", ["execution_id"])
    # Covers all columns that the sum of a tenant's bytes needs.
    op.create_index(op.f("ix_files_tenant_bytes"), "files", ["tenant", "bytes"])
    with op.batch_alter_table("attachments") as attachments:
        attachments.add_column(
            sa.Column("unpacked", sa.Boolean(), nullable=False, server_default=sa.false())
        )
    with op.batch_alter_table("executions") as executions:
        executions.add_column(
            sa.Column("record_bytes", sa.BigInteger(), nullable=False, server_default="0")
        )
    op.create_index(
        op.f("ix_executions_tenant_record_bytes"), "executions", ["tenant", "record_bytes"]
    )
    with op.batch_alter_table("sessions") as sessions:
        sessions.add_column(
            sa.Column("background_changes", sa.JSON(), nullable=False, server_default="[]")
        )
        sessions.add_column(
            sa.Column("last_execution_id", sa.String(length=80), nullable=False, server_default="")
        )
    op.create_index(op.f("ix_sessions_end_time"), "sessions", ["end_time"])
    op.create_table(
        "uploads",
        sa.Column("tenant", sa.String(length=80), nullable=False),
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.Integer(), nullable=False),
        sa.Column("expires_after", sa.Float(), nullable=True),
        sa.Column("received_bytes", sa.BigInteger(), nullable=False),
        sa.Column("file_id", sa.String(length=80), nullable=False),
        sa.Column("expire_time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_uploads")),
    )
    op.create_index(op.f("ix_uploads_expire_time"), "uploads", ["expire_time"])
    op.create_index(op.f("ix_uploads_file_id"), "uploads", ["file_id"])
