"""Cancellation requests of executions: they outlive the server that accepted them."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the column. Earlier releases stored no cancellation requests."""
    # Not in a batch: SQLite would recreate the table, and delete the rows that refer to the old
    # one.
    op.add_column(
        "executions",
        sa.Column("cancel_requested", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
