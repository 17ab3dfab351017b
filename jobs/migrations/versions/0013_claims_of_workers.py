"""The time of a worker's last claim, by which one that lives and takes no films is found."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; workers fill it when they start and when they claim."""
    op.add_column("workers", sa.Column("claimed_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("workers", "claimed_at")
