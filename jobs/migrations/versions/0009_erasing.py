"""The turn to erase expired jobs, of one worker at a time."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add one row, which no worker holds."""
    retention = op.create_table(
        "retention",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("erasing_until", sa.DateTime(timezone=True)),
    )
    op.bulk_insert(retention, [{"id": 1}])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("retention")
