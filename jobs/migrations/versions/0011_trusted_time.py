"""Readings of the database's clock, so that one set ahead does not let all jobs expire."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; the first reading is believed."""
    op.add_column("retention", sa.Column("clock_read_at", sa.DateTime(timezone=True)))
    op.add_column(
        "retention", sa.Column("clock_ahead_s", sa.Float(), nullable=False, server_default="0")
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_column("retention", "clock_ahead_s")
    op.drop_column("retention", "clock_read_at")
