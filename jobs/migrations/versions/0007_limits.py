"""Limits of API keys, and the index for reading finished items."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both limits of a key, null for the service's defaults, and the index."""
    op.add_column("api_keys", sa.Column("rate", sa.Integer()))
    op.add_column("api_keys", sa.Column("max_open", sa.Integer()))
    op.create_index("ix_items_finished_at", "items", ["finished_at"])


def downgrade() -> None:
    """Drop the limits and the index."""
    op.drop_index("ix_items_finished_at", "items")
    op.drop_column("api_keys", "max_open")
    op.drop_column("api_keys", "rate")
