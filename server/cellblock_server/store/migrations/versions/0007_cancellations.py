"""Which executions are to be cancelled: a cancellation that was answered outlives its server."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add it. Earlier releases stored no wish."""
    # Not in a batch: SQLite would make the table anew, and forget what refers to the old one.
    op.add_column(
        "executions",
        sa.Column("cancel_requested", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
