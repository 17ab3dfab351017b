"""The reading of black and white that an item's sender asked for."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; films of earlier versions were read as stored."""
    op.add_column(
        "items",
        sa.Column("photometric", sa.String(16), nullable=False, server_default="as_stored"),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_column("items", "photometric")
