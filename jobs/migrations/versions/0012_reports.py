"""The kinds of the reports that are kept of an item."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column. Items of earlier versions have no reports."""
    op.add_column(
        "items", sa.Column("report_kinds", sa.JSON(), nullable=False, server_default="[]")
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_column("items", "report_kinds")
